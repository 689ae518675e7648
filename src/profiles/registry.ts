import { autoinstall } from './autoinstall.ts';
import { curtin } from './curtin.ts';
import { kickstart } from './kickstart.ts';
import { live } from './live.ts';
import { local } from './local.ts';
import { preseed } from './preseed.ts';
import type { ProfileKind } from './profile-kind.ts';
import { script } from './script.ts';

/** Every kind of profile that a configuration may name. A new kind is one file and one line here. */
export const PROFILE_KINDS: readonly ProfileKind[] = [local, live, preseed, autoinstall, curtin, kickstart, script];

const BY_NAME: ReadonlyMap<string, ProfileKind> = new Map(PROFILE_KINDS.map((kind) => [kind.kind, kind]));

export function profileKind(name: string): ProfileKind | undefined {
  return BY_NAME.get(name);
}
