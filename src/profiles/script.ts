import type { Problem } from '../domain/errors.ts';
import type { ProfileSettings } from '../domain/settings.ts';
import { refuseKeys } from './boot-files.ts';
import type { ProfileKind } from './profile-kind.ts';
import { languageOf } from './templates/languages.ts';

const MAX_SCRIPT_BYTES = 16 * 1024;

/**
 * iPXE's own commands. What they end in nobody can know, so they count as destructive unless the profile says otherwise.
 * Before them the script has `set podboot http://10.77.0.1` and, with a grant, `set answers http://10.77.0.1/install/…/`.
 */
export const script: ProfileKind = {
  kind: 'script',
  summary: "runs the profile's own iPXE commands; needs a boot grant unless destructive is false",

  validate: (profile) => [
    ...scriptProblems(profile),
    ...refuseKeys(profile, ['kernel', 'media', 'delivery']),
    ...filledKeys(profile),
  ],

  destructive: (profile) => profile.destructive ?? true,

  boot: (profile) => ({ action: 'script', script: profile.script ?? '' }),

  answerFiles: (profile) =>
    profile.template === undefined
      ? []
      : [
          {
            name: profile.template.replace(/^.*\//, '').replace(/\.liquid$/, ''),
            template: profile.template,
            language: languageOf(profile.template) ?? 'plain',
            contentType: 'text/plain; charset=utf-8',
          },
        ],

  valueProblems: () => [],
};

function scriptProblems(profile: ProfileSettings): Problem[] {
  const path = `profiles.${profile.name}.script`;
  const text = profile.script ?? '';
  const refuse = (message: string, mend: string): Problem[] => [{ path, message, mend }];
  if (text.trim() === '') {
    return refuse('a profile of kind script needs its commands', 'Write them below `script: |`, one a line.');
  }
  if (text.length > MAX_SCRIPT_BYTES) {
    return refuse(
      `has ${text.length} bytes; at most ${MAX_SCRIPT_BYTES} are sent`,
      'Put the rest into an asset and `chain` to it.',
    );
  }
  if (/[^\x20-\x7e\n\t]/.test(text)) {
    return refuse(
      'has a character outside of ASCII, which iPXE can not show',
      'Write plain ASCII, with line feeds alone.',
    );
  }
  return [];
}

function filledKeys(profile: ProfileSettings): Problem[] {
  const problems: Problem[] = [];
  const refuse = (key: string) =>
    problems.push({
      path: `profiles.${profile.name}.${key}`,
      message: `a profile of kind script has no ${key}`,
      mend: 'Write them in its script.',
    });
  if (profile.initrds.length > 0) refuse('initrds');
  if (profile.arguments.trim() !== '') refuse('arguments');
  return problems;
}
