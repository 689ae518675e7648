import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Commands } from '../../domain/commands.ts';
import type { Obstacle } from '../../domain/hand-off.ts';

const DEADLINE_MS = 30_000;
/** Where Kubespray says which Ansible it takes, in its own checkout and in DeepOps'. */
const DEMANDS = [
  'playbooks/ansible_version.yml',
  'submodules/kubespray/playbooks/ansible_version.yml',
  'ansible_version.yml',
];

export interface AnsibleBounds {
  /** Inclusive. */
  readonly minimal?: string;
  /** Exclusive. */
  readonly maximal?: string;
}

/** Of `ansible-playbook --version`: `[core 2.14.18]`, before 2.11 `ansible-playbook 2.9.27`. */
export function versionIn(output: string): string | undefined {
  return /^ansible-playbook (?:\[(?:core|base) )?([0-9]+\.[0-9]+(?:\.[0-9]+)*)/m.exec(output)?.[1];
}

/** The assertion that Kubespray makes at run time, read before anything is begun. Empty where the checkout makes none. */
export function boundsIn(text: string): AnsibleBounds {
  let plays: unknown;
  try {
    plays = parse(text);
  } catch {
    return {};
  }
  const vars = Array.isArray(plays)
    ? plays.map((play) => play?.vars).find((each) => each?.minimal_ansible_version)
    : undefined;
  const bound = (value: unknown) =>
    typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  const [minimal, maximal] = [bound(vars?.minimal_ansible_version), bound(vars?.maximal_ansible_version)];
  return { ...(minimal === undefined ? {} : { minimal }), ...(maximal === undefined ? {} : { maximal }) };
}

/** Negative, 0 or positive, as numbers between dots compare. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => text.split('.').map(Number));
  for (let part = 0; part < Math.max(left?.length ?? 0, right?.length ?? 0); part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function fits(version: string, { minimal, maximal }: AnsibleBounds): boolean {
  if (minimal !== undefined && compareVersions(version, minimal) < 0) return false;
  return maximal === undefined || compareVersions(version, maximal) < 0;
}

/**
 * Whether the Ansible that would be started is there and is one that the checkout takes.
 * @param option where the operator names another one: `clusters.pod1.ansible`
 */
export async function ansibleVersionObstacles(
  ansible: string,
  checkout: string | undefined,
  option: string,
  commands: Commands,
): Promise<Obstacle[]> {
  const result = await commands.run({
    argv: [ansible, '--version'],
    deadlineMs: DEADLINE_MS,
    // It ends at once in a locale that is not UTF-8.
    env: { LC_ALL: 'C.UTF-8' },
  });
  const version = versionIn(result.stdout);
  if (version === undefined) {
    const words =
      result.because ?? (result.stderr.trim().split('\n').at(-1) || `it ended with ${result.exitCode ?? result.end}`);
    return [
      {
        code: 'no-ansible',
        message: `There is no usable Ansible at ${ansible}: ${words}`,
        mend: `Install it (apt-get install ansible-core, or a virtual environment with what the checkout demands) and name its ansible-playbook in ${option}.`,
      },
    ];
  }
  const bounds = demanded(checkout);
  if (fits(version, bounds)) return [];
  const [from, to] = [bounds.minimal ?? '0', bounds.maximal];
  return [
    {
      code: 'ansible-version',
      message: `${ansible} is ansible-core ${version}, but ${checkout} demands ${from} or newer${to === undefined ? '' : ` and older than ${to}`}.`,
      mend: `Make a virtual environment for this checkout (python3 -m venv ENV; ENV/bin/pip install -r ${checkout}/requirements.txt) and name ENV/bin/ansible-playbook in ${option}.`,
    },
  ];
}

function demanded(checkout: string | undefined): AnsibleBounds {
  for (const file of checkout === undefined ? [] : DEMANDS) {
    try {
      return boundsIn(readFileSync(join(checkout ?? '', file), 'utf8'));
    } catch {
      // Another kind of checkout: it says so elsewhere, or nowhere.
    }
  }
  return {};
}
