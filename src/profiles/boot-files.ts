import type { Problem } from '../domain/errors.ts';
import type { ProfileSettings } from '../domain/settings.ts';

/** More than any system needs, and each is a download that the machine waits for. */
const MAX_INITRDS = 8;

/** What is wrong with the kernel and the initrds of a profile that needs a kernel. */
export function bootFileProblems(profile: ProfileSettings): Problem[] {
  const path = `profiles.${profile.name}`;
  const problems: Problem[] = [];
  // What an asset lacks is told of where it is looked at; without its kernel nothing is booted.
  const isByAsset = profile.kernel === undefined && profile.asset !== undefined;
  if (isByAsset) return problems;
  if (profile.kernel === undefined || profile.kernel === '') {
    problems.push({
      path: `${path}.kernel`,
      message: `a profile of kind ${profile.kind} needs a kernel`,
      mend: 'Name its file, relative to assetsDir: `kernel: debian/linux`.',
    });
  } else {
    problems.push(...nameProblems(`${path}.kernel`, profile.kernel));
  }
  profile.initrds.forEach((name, index) => {
    problems.push(...nameProblems(`${path}.initrds[${index}]`, name));
  });
  if (profile.initrds.length > MAX_INITRDS) {
    problems.push({
      path: `${path}.initrds`,
      message: `${profile.initrds.length} initrds; at most ${MAX_INITRDS} are loaded`,
      mend: 'Concatenate them: an initrd may be several cpio archives one after another.',
    });
  }
  return problems;
}

/**
 * The characters that mean the same in a path, an URL, an iPXE script and a GRUB configuration. The boot languages have
 * no common way to quote others.
 */
export function nameProblems(path: string, name: string): Problem[] {
  const plain = /^[A-Za-z0-9_][A-Za-z0-9._+@~-]*(\/[A-Za-z0-9_][A-Za-z0-9._+@~-]*)*$/.test(name);
  if (plain && name.length <= 255) return [];
  return [
    {
      path,
      message: `${JSON.stringify(name)} can't be named in a boot script`,
      mend: 'Use a path relative to assetsDir of letters, digits and ._+@~- (255 at most); no part may begin with a dot or a hyphen.',
    },
  ];
}

/** Keys of a profile that its kind has no use for: a key that does nothing is a mistake somebody believes in. */
export function refuseKeys(profile: ProfileSettings, keys: readonly (keyof ProfileSettings)[]): Problem[] {
  return keys
    .filter((key) => profile[key] !== undefined)
    .map((key) => ({
      path: `profiles.${profile.name}.${key}`,
      message: `a profile of kind ${profile.kind} has no ${key}`,
      mend: `Remove ${key}, or give the profile another kind.`,
    }));
}
