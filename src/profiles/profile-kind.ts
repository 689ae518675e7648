import type { AnswerContext } from '../domain/answer-file.ts';
import type { AssetName } from '../domain/boot.ts';
import type { Problem } from '../domain/errors.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { ProfileSettings, WrittenInstallValues } from '../domain/settings.ts';
import type { Language } from './templates/languages.ts';
import type { InstallValues } from './values/install-values.ts';

/** What a profile makes a machine do. */
export type ProfileBoot =
  | { readonly action: 'disk' }
  | {
      readonly action: 'kernel';
      readonly kernel: AssetName;
      readonly initrds: readonly AssetName[];
      /** Kernel command line, without `initrd=`. */
      readonly arguments: string;
    }
  /** iPXE's own commands, as the operator wrote them. */
  | { readonly action: 'script'; readonly script: string };

/** The machine that boots, as far as a kernel's arguments depend on it. */
export interface BootMachine {
  readonly hostName: string;
  /** Of the interface that boots; a client that is known by another identifier has none. */
  readonly mac?: MacAddress;
  /** All layers together, by `mergeInstallValues`. */
  readonly values: WrittenInstallValues;
}

/** One answer file of a kind: what it is made of. */
export interface AnswerTemplate {
  /** Last part of its URL. */
  readonly name: string;
  /** Below boot-assets or the operator's templatesDir. */
  readonly template: string;
  readonly language: Language;
  readonly contentType: string;
}

/**
 * A kind of profile: what the word `kind` of a profile in podboot.yaml may say. Pure: it reads what it is given and
 * nothing else.
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
   * @param machine absent where only the kind of boot is asked for
   */
  boot(profile: ProfileSettings, answers?: AnswerContext, machine?: BootMachine): ProfileBoot;
  /** The answer files of a profile, the main one first; empty: it needs none. */
  answerFiles(profile: ProfileSettings): readonly AnswerTemplate[];
  /** What of these values the kind's installer can't carry out; paths are those of the values. Asked before a grant is armed. */
  valueProblems(profile: ProfileSettings, values: InstallValues): readonly Problem[];
}
