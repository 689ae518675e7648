import type { Problem } from '../domain/errors.ts';
import type { ProfileSettings } from '../domain/settings.ts';
import { kernelArgumentProblems, splitKernelArguments } from './kernel-arguments.ts';
import type { ProfileKind } from './profile-kind.ts';
import { findUnattended } from './unattended-arguments.ts';

/** More than any live system needs, and each is a download that the machine waits for. */
const MAX_INITRDS = 8;

/**
 * A kernel with its initrds, run from memory: rescue, burn-in, inventory. It is booted as often as the machine asks, so
 * it must never be one that installs by itself: an installer that nobody granted wipes a disk at each network boot.
 */
export const live: ProfileKind = {
  kind: 'live',
  summary: 'boots a kernel and its initrds from memory; never installs',

  validate(profile) {
    return [...assetProblems(profile), ...argumentProblems(profile)];
  },

  destructive: () => false,

  boot(profile) {
    return {
      action: 'kernel',
      kernel: profile.kernel ?? '',
      initrds: profile.initrds,
      arguments: splitKernelArguments(profile.arguments).join(' '),
    };
  },
};

function assetProblems(profile: ProfileSettings): Problem[] {
  const path = `profiles.${profile.name}`;
  const problems: Problem[] = [];
  if (profile.kernel === undefined || profile.kernel === '') {
    problems.push({
      path: `${path}.kernel`,
      message: 'a profile of kind live needs a kernel',
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
function nameProblems(path: string, name: string): Problem[] {
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

function argumentProblems(profile: ProfileSettings): Problem[] {
  const path = `profiles.${profile.name}.arguments`;
  const problems: Problem[] = kernelArgumentProblems(profile.arguments).map((problem) => ({ path, ...problem }));
  for (const { word, reader } of findUnattended(splitKernelArguments(profile.arguments))) {
    problems.push({
      path,
      message: `${word} starts an installation without asking (${reader}); a live profile is booted again and again, and each boot would wipe a disk`,
      mend: 'Remove the argument. An installation needs a profile of an installing kind and a grant for each node.',
    });
  }
  return problems;
}
