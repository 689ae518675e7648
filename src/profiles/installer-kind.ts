import type { AnswerContext } from '../domain/answer-file.ts';
import type { Problem } from '../domain/errors.ts';
import type { ProfileSettings } from '../domain/settings.ts';
import { bootFileProblems, nameProblems, refuseKeys } from './boot-files.ts';
import { kernelArgumentProblems, splitKernelArguments } from './kernel-arguments.ts';
import type { AnswerTemplate, BootMachine, ProfileKind } from './profile-kind.ts';
import { languageOf } from './templates/languages.ts';
import type { InstallValues } from './values/install-values.ts';

/** What makes an installer one of its own; the rest is the same for all that boot by kernel and answer file. */
export interface InstallerTraits {
  readonly kind: string;
  readonly summary: string;
  readonly answerFiles: readonly [AnswerTemplate, ...AnswerTemplate[]];
  /** Words that tell it where its answers are. @param base URL with a slash at its end */
  answerWords(answers: AnswerContext, profile: ProfileSettings): readonly string[];
  /** Words that tell it where its media are. @param url of the profile's media */
  mediaWords(url: string, profile: ProfileSettings): readonly string[];
  /** Words for the machine. */
  machineWords?(machine: BootMachine): readonly string[];
  validate?(profile: ProfileSettings): readonly Problem[];
  valueProblems?(profile: ProfileSettings, values: InstallValues): readonly Problem[];
}

const SHELL = 'text/x-shellscript; charset=utf-8';

/** The scripts that every installer fetches beside its answer file, in shell so that each value has one way to be quoted. */
export const COMMON_SCRIPTS: readonly AnswerTemplate[] = [
  { name: 'early.sh', template: 'shell/early.sh.liquid', language: 'shell', contentType: SHELL },
  { name: 'late.sh', template: 'shell/late.sh.liquid', language: 'shell', contentType: SHELL },
  // Its one value stands between quotes of its own, and is a URL.
  { name: 'callback.sh', template: 'callback.sh', language: 'plain', contentType: SHELL },
];

export function installerKind(traits: InstallerTraits): ProfileKind {
  const [main, ...others] = traits.answerFiles;
  return {
    kind: traits.kind,
    summary: traits.summary,
    destructive: () => true,

    validate: (profile) => [
      ...bootFileProblems(profile),
      ...argumentProblems(profile),
      ...(profile.media === undefined ? [] : nameProblems(`profiles.${profile.name}.media`, profile.media)),
      ...refuseKeys(profile, [
        'script',
        'destructive',
        ...(traits.kind === 'autoinstall' ? [] : (['delivery'] as const)),
      ]),
      ...(traits.validate?.(profile) ?? []),
    ],

    boot(profile, answers, machine) {
      const words = [
        ...(answers === undefined ? [] : traits.answerWords(answers, profile)),
        ...(answers === undefined || profile.media === undefined
          ? []
          : traits.mediaWords(`${answers.origin}/assets/${profile.media}`, profile)),
        ...(machine === undefined ? [] : [...bootInterface(machine), ...(traits.machineWords?.(machine) ?? [])]),
        ...(machine === undefined ? [] : consoleWords(machine)),
        ...splitKernelArguments(profile.arguments),
      ];
      return {
        action: 'kernel',
        kernel: profile.kernel ?? '',
        initrds: profile.initrds,
        arguments: words.join(' '),
      };
    },

    answerFiles: (profile) => [
      profile.template === undefined
        ? main
        : { ...main, template: profile.template, language: languageOf(profile.template) ?? main.language },
      ...others,
      ...COMMON_SCRIPTS,
    ],

    valueProblems: (profile, values) => traits.valueProblems?.(profile, values) ?? [],
  };
}

function argumentProblems(profile: ProfileSettings): Problem[] {
  const path = `profiles.${profile.name}.arguments`;
  return kernelArgumentProblems(profile.arguments).map((problem) => ({ path, ...problem }));
}

/** PXELINUX's way to say by which NIC a machine booted: debian-installer, casper and dracut all read it. */
function bootInterface({ mac }: BootMachine): string[] {
  return mac === undefined ? [] : [`BOOTIF=01-${mac.replaceAll(':', '-')}`];
}

function consoleWords({ values }: BootMachine): string[] {
  const { console: serial } = values;
  // A node's values may be older than what is accepted today.
  const isPlain = typeof serial === 'string' && /^[A-Za-z0-9,]+$/.test(serial);
  return isPlain ? ['console=tty0', `console=${serial}`] : [];
}
