import type { BootSettings, ProfileSettings } from '../domain/settings.ts';

/** Profiles that boot something of an asset, by it or by the names of its files. Sorted. */
export function profilesUsing(profiles: Iterable<ProfileSettings>, asset: string): string[] {
  const isInside = (name: string | undefined) => name?.startsWith(`${asset}/`) === true;
  const users: string[] = [];
  for (const profile of profiles) {
    const { name, kernel, initrds } = profile;
    if (profile.asset === asset || isInside(kernel) || initrds.some(isInside)) users.push(name);
  }
  return users.sort();
}

/** Keys of `boot.programs` that name a file of the asset. */
export function programsUsing(programs: BootSettings['programs'], asset: string): string[] {
  return Object.entries(programs)
    .filter(([, name]) => name?.startsWith(`${asset}/`) === true)
    .map(([firmware]) => `boot.programs.${firmware}`);
}
