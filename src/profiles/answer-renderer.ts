import type { AnswerContext, AnswerFile, AnswerRenderer } from '../domain/answer-file.ts';
import { InvalidInput, type Problem } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import type { BootSettings, InstallSettings, ProfileSettings } from '../domain/settings.ts';
import { answerScope } from './answer-scope.ts';
import type { ProfileKind } from './profile-kind.ts';
import { profileKind } from './registry.ts';
import { TemplateEngine } from './templates/template-engine.ts';
import { TemplateFiles } from './templates/template-files.ts';
import { installValueProblems } from './values/check-install-values.ts';
import { chooseDisk, type DiskFacts } from './values/disk-choice.ts';
import { installScope } from './values/install-scope.ts';
import type { InstallValues } from './values/install-values.ts';
import { mergeInstallValues, valueLayers } from './values/merge-install-values.ts';
import type { SecretReader } from './values/secrets.ts';

export interface RendererParts {
  /** In force at that moment. */
  readonly settings: () => BootSettings;
  readonly secrets: SecretReader;
  /** What an inventory knows of a node's disks; absent or undefined: the installer looks for itself. */
  readonly disks?: (node: Node) => readonly DiskFacts[] | undefined;
}

export interface ProfileRenderer extends AnswerRenderer {
  /** As `render`, with every secret masked: for people. @throws InvalidInput */
  preview(node: Node, profile: string, context: AnswerContext): readonly AnswerFile[];
}

/** Answer files by the templates of a profile's kind. Pure but for the templates and the files of secrets, which it reads. */
export function createProfileRenderer(parts: RendererParts): ProfileRenderer {
  const engines = new Map<string | undefined, TemplateEngine>();
  const engineFor = (templatesDir: string | undefined): TemplateEngine => {
    let engine = engines.get(templatesDir);
    if (engine === undefined) {
      // Of one configuration at a time: a reload may name another folder.
      engines.clear();
      engine = new TemplateEngine(new TemplateFiles(templatesDir));
      engines.set(templatesDir, engine);
    }
    return engine;
  };

  function filesOf(node: Node, name: string, context: AnswerContext, mask: boolean): AnswerFile[] {
    const { profiles, install } = parts.settings();
    const { profile, kind } = findProfile(profiles, name);
    const templates = kind.answerFiles(profile);
    if (templates.length === 0) return [];
    const values = checkedValues(node, profile, install);
    refuse(node, name, [...kind.valueProblems(profile, values), ...diskProblems(values, parts.disks?.(node))]);
    const known = installScope(values, parts.secrets, mask);
    refuse(node, name, known.problems);
    const scope = answerScope({ node, profile, context, known });
    const engine = engineFor(install?.templatesDir);
    return templates.map((file) => ({
      name: file.name,
      contentType: file.contentType,
      text: engine.render(file.template, file.language, {
        ...scope,
        scripts: templates.filter(({ name: each }) => isFetchedEarly(each)).map((each) => each.name),
      }),
    }));
  }

  return {
    render: (node, profile, context) => filesOf(node, profile, context, false),
    preview: (node, profile, context) => filesOf(node, profile, context, true),
  };
}

/** early.sh fetches the other scripts before it says `started`: after that nobody gets them any more. */
function isFetchedEarly(name: string): boolean {
  return name.endsWith('.sh') && name !== 'early.sh';
}

function findProfile(
  profiles: BootSettings['profiles'],
  name: string,
): { readonly profile: ProfileSettings; readonly kind: ProfileKind } {
  const profile = profiles.get(name);
  const kind = profile === undefined ? undefined : profileKind(profile.kind);
  if (profile === undefined || kind === undefined) {
    const known = [...profiles.keys()].slice(0, 12).join(', ') || 'none';
    throw new InvalidInput(`there is no profile ${name}`, [
      { path: 'profile', message: `podboot.yaml has no profile ${name}`, mend: `There are ${known}.` },
    ]);
  }
  return { profile, kind };
}

/** Each layer is checked, not only the sum: what is wrong is told where it was written. */
function checkedValues(node: Node, profile: ProfileSettings, install: InstallSettings | undefined): InstallValues {
  const layers = valueLayers(node, profile, install);
  refuse(
    node,
    profile.name,
    layers.flatMap(({ path, values }) => installValueProblems(values, path)),
  );
  const merged = mergeInstallValues(layers.map(({ values }) => values));
  refuse(node, profile.name, installValueProblems(merged, 'install'));
  return merged as InstallValues;
}

function diskProblems({ disk }: InstallValues, disks: readonly DiskFacts[] | undefined): Problem[] {
  if (disks === undefined) return [];
  const chosen = chooseDisk(disk ?? {}, disks);
  if ('disk' in chosen) return [];
  const mend = 'Write a disk that only one of them is, by serial or path, under install of the node.';
  return [{ path: 'disk', message: chosen.refusal, mend }];
}

function refuse(node: Node, profile: string, problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
  throw new InvalidInput(
    `the profile ${profile} can't be installed on ${node.name}: ${first.path} ${first.message}${more}`,
    problems,
    first.mend,
  );
}
