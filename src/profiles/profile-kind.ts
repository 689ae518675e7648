import type { AssetName } from '../domain/boot.ts';
import type { Problem } from '../domain/errors.ts';
import type { ProfileSettings } from '../domain/settings.ts';

/** What a profile makes a machine do, before anything about the machine is known. */
export type ProfileBoot =
  | { readonly action: 'disk' }
  | {
      readonly action: 'kernel';
      readonly kernel: AssetName;
      readonly initrds: readonly AssetName[];
      /** Kernel command line, without `initrd=`. */
      readonly arguments: string;
    };

/**
 * A kind of profile: what the word `kind` of a profile in podboot.yaml may say. Pure: it reads its settings and nothing
 * else.
 */
export interface ProfileKind {
  /** The word in the configuration. */
  readonly kind: string;
  /** One sentence for the operator, for errors that list the kinds. */
  readonly summary: string;
  /** Everything that is wrong with a profile of this kind; paths begin with `profiles.<name>`. Empty: it may be used. */
  validate(profile: ProfileSettings): readonly Problem[];
  /** Only of a profile that `validate` finds nothing wrong with. */
  boot(profile: ProfileSettings): ProfileBoot;
}
