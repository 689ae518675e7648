import { live } from './live.ts';
import { local } from './local.ts';
import type { ProfileKind } from './profile-kind.ts';

/** Every kind of profile that a configuration may name. A new kind is one file and one line here. */
export const PROFILE_KINDS: readonly ProfileKind[] = [local, live];

const BY_NAME: ReadonlyMap<string, ProfileKind> = new Map(PROFILE_KINDS.map((kind) => [kind.kind, kind]));

export function profileKind(name: string): ProfileKind | undefined {
  return BY_NAME.get(name);
}
