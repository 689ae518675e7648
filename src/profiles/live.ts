import type { Problem } from '../domain/errors.ts';
import type { ProfileSettings } from '../domain/settings.ts';
import { bootFileProblems, refuseKeys } from './boot-files.ts';
import { kernelArgumentProblems, splitKernelArguments } from './kernel-arguments.ts';
import type { ProfileKind } from './profile-kind.ts';
import { findUnattended } from './unattended-arguments.ts';

/**
 * A kernel with its initrds, run from memory: rescue, burn-in, inventory. It is booted as often as the machine asks, so
 * it must never be one that installs by itself: an installer that nobody granted wipes a disk at each network boot.
 */
export const live: ProfileKind = {
  kind: 'live',
  summary: 'boots a kernel and its initrds from memory; never installs',

  validate(profile) {
    return [
      ...bootFileProblems(profile),
      ...argumentProblems(profile),
      ...refuseKeys(profile, ['media', 'script', 'destructive', 'template', 'delivery', 'values']),
    ];
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

  answerFiles: () => [],

  valueProblems: () => [],
};

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
