import type { AnswerContext } from '../domain/answer-file.ts';
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
  /** True: what it boots can write to a disk. It is booted only for a node that has a boot grant for exactly this profile. */
  destructive(profile: ProfileSettings): boolean;
  /**
   * Only of a profile that `validate` finds nothing wrong with.
   * @param answers of the grant by which a destructive profile is booted: the URL of its answer files goes into the kernel's
   *   arguments. Absent where only the kind of boot is asked for (DHCP), and for profiles that need no grant.
   */
  boot(profile: ProfileSettings, answers?: AnswerContext): ProfileBoot;
}
