import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import type { Commands } from '../../domain/commands.ts';
import type { Obstacle } from '../../domain/hand-off.ts';

/** Ansible's start takes half a second of CPU; a host that is busy needs longer. */
const START_MS = 30_000;
const PYTHON = /^\s*python version = .*\((\/[^()\s]+)\)\s*$/m;
const LOOK = `import importlib.util, sys
print(' '.join(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None))`;

/**
 * Modules of Python that tasks import on podboot's own host: Kubespray asserts one of them, and another one's lack ends a run in
 * its middle.
 * @param ansible path of `ansible-playbook`: its Python counts, not the host's
 */
export async function pythonModuleObstacles(
  ansible: string,
  modules: readonly string[],
  commands: Commands,
): Promise<Obstacle[]> {
  const told = await commands.run({
    argv: [ansible, '--version'],
    deadlineMs: START_MS,
    env: { LC_ALL: 'C.UTF-8' },
  });
  const python = PYTHON.exec(told.stdout)?.[1];
  // Ansible before 2.12 does not tell; that it can't be run was told.
  if (python === undefined) return [];
  const found = await commands.run({ argv: [python, '-c', LOOK, ...modules], deadlineMs: START_MS });
  const missing = found.end === 'exited' && found.exitCode === 0 ? found.stdout.trim() : '';
  if (missing === '') return [];
  return [
    {
      code: 'python-module-missing',
      message: `${python}, which runs ${ansible}, has no ${missing.replaceAll(' ', ', ')}.`,
      mend: `In its virtual environment: ${python} -m pip install ${missing}; for Debian's own: apt-get install ${missing
        .split(' ')
        .map((name) => `python3-${name}`)
        .join(' ')}.`,
    },
  ];
}

/** Where a program of one belongs to: its other programs are to be found before the host's. */
export function virtualEnvironmentOf(ansible: string): string | undefined {
  const root = dirname(dirname(ansible));
  return isAbsolute(ansible) && existsSync(join(root, 'pyvenv.cfg')) ? root : undefined;
}
