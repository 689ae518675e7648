import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Commands } from '../../domain/commands.ts';
import type { Obstacle } from '../../domain/hand-off.ts';
import { compareVersions, parseVersion, type Version, versionText } from './version.ts';

/** `ansible-playbook` of the host or of a virtual environment, as it tells of itself. */
export interface AnsibleProgram {
  readonly path: string;
  /** Of ansible-core. */
  readonly version: Version;
  /** Its own Python: modules that playbooks want on this host have to be there. */
  readonly python?: string;
  /** Absolute path of the virtual environment that it belongs to. */
  readonly virtualEnvironment?: string;
}

export interface AnsibleBounds {
  /** Inclusive. */
  readonly minimum: Version;
  /** Exclusive. */
  readonly maximum: Version;
}

/** Its start takes half a second of CPU; a host that is busy needs longer. */
const START_MS = 30_000;
/** `ansible-playbook [core 2.14.18]`, and `ansible-playbook 2.9.27` before 2.11. */
const SAYS = /^ansible-playbook (?:\[core )?([0-9]+\.[0-9]+\.[0-9]+)/m;
const PYTHON = /^\s*python version = .*\((\/[^()\s]+)\)\s*$/m;

export async function askAnsible(path: string, commands: Commands): Promise<AnsibleProgram | Obstacle> {
  const result = await commands.run({ argv: [path, '--version'], deadlineMs: START_MS });
  const version = parseVersion(SAYS.exec(result.stdout)?.[1] ?? '');
  if (result.end !== 'exited' || result.exitCode !== 0 || version === undefined) {
    const said = result.because ?? result.stderr.trim().split('\n')[0]?.slice(0, 200) ?? '';
    return {
      code: 'ansible-missing',
      message: `${path} can’t be run${said === '' ? '' : `: ${said}`}`,
      mend: 'Install Ansible in a virtual environment, and name its ansible-playbook in the cluster’s ansible.',
    };
  }
  const python = PYTHON.exec(result.stdout)?.[1];
  const environment = virtualEnvironmentOf(path);
  return {
    path,
    version,
    ...(python === undefined ? {} : { python }),
    ...(environment === undefined ? {} : { virtualEnvironment: environment }),
  };
}

function virtualEnvironmentOf(path: string): string | undefined {
  const root = dirname(dirname(path));
  return isAbsolute(path) && existsSync(join(root, 'pyvenv.cfg')) ? root : undefined;
}

/** What a Kubespray asserts in its first play, after which nothing was changed but some minutes are gone. */
export function readBounds(ansibleVersionYml: string): AnsibleBounds | undefined {
  const bound = (name: string) =>
    parseVersion(new RegExp(`^\\s*${name}_ansible_version:\\s*["']?([0-9.]+)`, 'm').exec(ansibleVersionYml)?.[1] ?? '');
  const minimum = bound('minimal');
  const maximum = bound('maximal');
  return minimum === undefined || maximum === undefined ? undefined : { minimum, maximum };
}

export function boundsObstacle(program: AnsibleProgram, bounds: AnsibleBounds, checkout: string): Obstacle | undefined {
  const { version } = program;
  if (compareVersions(version, bounds.minimum) >= 0 && compareVersions(version, bounds.maximum) < 0) return undefined;
  const range = `>=${versionText(bounds.minimum)},<${versionText(bounds.maximum)}`;
  return {
    code: 'ansible-version',
    message: `${program.path} is ansible-core ${versionText(version)}, and ${checkout} demands ${range}`,
    mend: `Make a virtual environment for this checkout (python3 -m venv, then pip install -r ${checkout}/requirements.txt), and name its bin/ansible-playbook in the cluster’s ansible.`,
  };
}

/** Modules that tasks import on this host; a missing one ends a run in its middle. */
export async function pythonModules(
  program: AnsibleProgram,
  modules: readonly string[],
  commands: Commands,
): Promise<Obstacle[]> {
  if (program.python === undefined || modules.length === 0) return [];
  const code = `import importlib.util, sys; print(' '.join(m for m in sys.argv[1:] if importlib.util.find_spec(m) is None))`;
  const result = await commands.run({ argv: [program.python, '-c', code, ...modules], deadlineMs: START_MS });
  const missing = result.end === 'exited' && result.exitCode === 0 ? result.stdout.trim() : '';
  if (missing === '') return [];
  return [
    {
      code: 'python-module-missing',
      message: `${program.python}, which runs Ansible, has no ${missing.replaceAll(' ', ', ')}`,
      mend: `${program.python} -m pip install ${missing} (in a virtual environment), or -r the checkout’s requirements.txt.`,
    },
  ];
}

/** Undefined where the file is not there. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
