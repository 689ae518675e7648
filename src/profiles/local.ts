import type { Problem } from '../domain/errors.ts';
import type { ProfileSettings } from '../domain/settings.ts';
import { refuseKeys } from './boot-files.ts';
import type { ProfileKind } from './profile-kind.ts';

/** A node with this profile boots its own disk; the profile of that name is there without being configured. */
export const LOCAL_PROFILE = 'local';

export const local: ProfileKind = {
  kind: 'local',
  summary: 'boots from its own disk',

  validate(profile) {
    const problems: Problem[] = [];
    const refuse = (key: string): void => {
      problems.push({
        path: `profiles.${profile.name}.${key}`,
        message: `a profile of kind local boots the machine's own disk and has no ${key}`,
        mend: `Remove ${key}, or say \`kind: live\` to boot a kernel.`,
      });
    };
    if (profile.kernel !== undefined) refuse('kernel');
    if (profile.initrds.length > 0) refuse('initrds');
    if (profile.arguments.trim() !== '') refuse('arguments');
    problems.push(...refuseKeys(profile, ['media', 'script', 'destructive', 'template', 'delivery', 'values']));
    return problems;
  },

  destructive: () => false,

  boot(_profile: ProfileSettings) {
    return { action: 'disk' };
  },

  answerFiles: () => [],

  valueProblems: () => [],
};
