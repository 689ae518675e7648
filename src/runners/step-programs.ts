import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import type { Obstacle, RunStep } from '../domain/hand-off.ts';
import { smallEnvironment } from './launcher/small-environment.ts';

/** What the run itself brings along. */
const OWN = '{run}/';

/**
 * Programs of steps that are not there, and folders that they are to run in: else a run would end at its fourth step with
 * three done, and `spawn` calls a missing folder a missing program.
 */
export function programObstacles(steps: readonly Pick<RunStep, 'argv' | 'cwd' | 'env'>[]): Obstacle[] {
  const found = new Map<string, Obstacle>();
  for (const step of steps) {
    const obstacle = folderObstacle(step.cwd) ?? programObstacle(step);
    if (obstacle !== undefined) found.set(obstacle.message, obstacle);
  }
  return [...found.values()];
}

function folderObstacle(cwd: string | undefined): Obstacle | undefined {
  if (cwd === undefined || cwd.startsWith(OWN)) return undefined;
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
  const mend = 'Look at its name in podboot.yaml, and whether podboot’s user may enter it.';
  return { code: 'no-folder', message: `There is no folder ${cwd} to run in.`, mend };
}

function programObstacle({ argv: [program = ''], cwd = '/', env }: Pick<RunStep, 'argv' | 'cwd' | 'env'>) {
  if (program === '' || program.startsWith(OWN)) return undefined;
  if (program.includes('/')) {
    const path = isAbsolute(program) ? program : join(cwd, program);
    if (cwd.startsWith(OWN) || isProgram(path)) return undefined;
    const mend = `Look at its name and its rights: ls -l ${path}`;
    return { code: 'no-program', message: `${path} is no program that podboot may run.`, mend };
  }
  const folders = (env?.PATH ?? smallEnvironment().PATH ?? '').split(':');
  if (folders.some((folder) => isProgram(join(folder, program)))) return undefined;
  const mend = `Install it on podboot's host, or write its absolute path; it was looked for in ${folders.join(', ')}.`;
  return { code: 'no-program', message: `There is no program ${program} on podboot's host.`, mend };
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
