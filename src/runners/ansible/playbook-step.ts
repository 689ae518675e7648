import type { ClusterSettings, RunStep } from '../../domain/hand-off.ts';
import { listOption, textOption } from '../kinds/option-values.ts';

export interface PlaybookStep {
  readonly name: string;
  /** Absolute path, or relative to `cwd`. */
  readonly playbook: string;
  /** Of `planInventory`: `-i` and its files. */
  readonly inventory: readonly string[];
  /** Names of hosts and groups; absent: no limit. */
  readonly limit?: readonly string[];
  /** Whose results it decides. */
  readonly hosts: readonly string[];
  /** The checkout: its ansible.cfg counts there. */
  readonly cwd?: string;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** Plain values for `-e`; never a secret, as argv is everybody's to read. */
  readonly variables?: Readonly<Record<string, string | number | boolean>>;
  /** Further options of `ansible-playbook`. */
  readonly flags?: readonly string[];
  /** Hosts at once, where the cluster's settings don't say. */
  readonly forks?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** One `ansible-playbook` of a run, with what the cluster's settings say of Ansible. Secrets are named by their files. */
export function playbookStep({ options }: ClusterSettings, step: PlaybookStep): RunStep {
  const file = (flag: string, name: string) => {
    const path = textOption(options, name);
    return path === undefined ? [] : [flag, path];
  };
  const list = (flag: string, values: readonly string[]) => (values.length === 0 ? [] : [flag, values.join(',')]);
  const forks = options.forks ?? step.forks;
  return {
    name: step.name,
    argv: [
      textOption(options, 'ansible') ?? 'ansible-playbook',
      ...step.inventory,
      ...list('--limit', step.limit ?? []),
      ...list('--tags', step.tags ?? listOption(options, 'tags')),
      ...list('--skip-tags', step.skipTags ?? listOption(options, 'skipTags')),
      ...(typeof forks === 'number' ? ['--forks', String(forks)] : []),
      ...file('--vault-password-file', 'vaultPasswordFile'),
      ...file('--become-password-file', 'becomePasswordFile'),
      ...listOption(options, 'varsFiles').flatMap((path) => ['-e', `@${path}`]),
      ...Object.entries(step.variables ?? {}).flatMap(([name, value]) => ['-e', JSON.stringify({ [name]: value })]),
      ...(step.flags ?? []),
      step.playbook,
    ],
    ...(step.cwd === undefined ? {} : { cwd: step.cwd }),
    ...(step.env === undefined ? {} : { env: step.env }),
    speaks: 'ansible',
    hosts: step.hosts,
  };
}
