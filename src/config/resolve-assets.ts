import type { AssetKind, BootMedium } from '../domain/asset.ts';
import type { ProfileSettings } from '../domain/settings.ts';
import { type Finding, fault, type Sited } from './config-path.ts';
import type { Draft } from './draft.ts';
import type { HostFacts } from './host-facts.ts';

/** The kind of profile that installs what is on a medium, where there is one; `live` boots any. */
export function profileKindFor({ kind, release }: BootMedium): string | undefined {
  const byKind: Readonly<Record<AssetKind, string | undefined>> = {
    'debian-installer': 'preseed',
    'ubuntu-live-server': 'autoinstall',
    'dgx-os': dgxKind(Number.parseInt(release, 10)),
    rocky: 'kickstart',
    other: undefined,
  };
  return byKind[kind];
}

function dgxKind(major: number): string {
  if (major <= 4) return 'preseed';
  return major === 5 ? 'curtin' : 'autoinstall';
}

const INSTALLING = ['preseed', 'autoinstall', 'curtin', 'kickstart'];
/** Those whose installer fetches more than kernel and initrd. */
const FETCHING = ['autoinstall', 'curtin', 'kickstart'];

/**
 * Gives profiles that name an asset its kernel, initrds and media; what a profile names itself goes before. Looks at the
 * asset's files, and reads none.
 */
export function resolveAssets(draft: Draft, host: HostFacts): { draft: Draft; findings: Finding[] } {
  const findings: Finding[] = [];
  const profiles = draft.profiles.map((profile) => {
    if (profile.value.asset === undefined) return profile;
    return { ...profile, value: resolved(profile, profile.value.asset, draft.settings.assetsDir, host, findings) };
  });
  const boot = { ...draft.settings.boot, profiles: new Map(profiles.map(({ value }) => [value.name, value])) };
  return { draft: { ...draft, profiles, settings: { ...draft.settings, boot } }, findings };
}

function resolved(
  { path, value }: Sited<ProfileSettings>,
  asset: string,
  assetsDir: string,
  host: HostFacts,
  findings: Finding[],
): ProfileSettings {
  const look = host.asset(assetsDir, asset);
  const at = [...path, 'asset'];
  for (const { message, mend } of look.troubles) findings.push(fault(at, message, mend));
  const { medium } = look;
  if (medium === undefined) return value;
  const wanted = profileKindFor(medium);
  if (INSTALLING.includes(value.kind) && wanted !== undefined && wanted !== value.kind) {
    const what = [medium.kind, medium.release].filter((part) => part !== '').join(' ');
    const mend = `Write \`kind: ${wanted}\`, or name another asset.`;
    findings.push(fault([...path, 'kind'], `${value.kind} does not install ${what}, which ${asset} is`, mend));
  }
  return { ...withMedia(value, medium), medium };
}

function withMedia(value: ProfileSettings, medium: BootMedium): ProfileSettings {
  const media = value.media ?? medium.iso ?? medium.tree;
  // The autoinstall file in DGX OS's own ISO is stronger than any seed.
  const delivery = value.delivery ?? (medium.kind === 'dgx-os' ? 'force-ai' : undefined);
  return {
    ...value,
    kernel: value.kernel ?? medium.kernel,
    initrds: value.initrds.length > 0 ? value.initrds : medium.initrds,
    ...(media !== undefined && FETCHING.includes(value.kind) ? { media } : {}),
    ...(delivery !== undefined && value.kind === 'autoinstall' ? { delivery } : {}),
  };
}
