import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Obstacle } from '../../domain/hand-off.ts';

/** Logs, facts and temporary files of a run of some hundred hosts. */
const NEEDED_MIB = 512;

/** Room for a run on podboot's own host. @param folder of the runs; one that is not there yet has its parent's */
export function diskObstacles(folder: string): Obstacle[] {
  const freeMib = freeMibOf(folder);
  if (freeMib === undefined || freeMib >= NEEDED_MIB) return [];
  const message = `${folder} has ${freeMib} MiB left, and a run needs ${NEEDED_MIB}`;
  return [{ code: 'disk-full', message, mend: 'Make room, or remove old runs.' }];
}

function freeMibOf(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return Math.floor((bavail * bsize) / 2 ** 20);
  } catch {
    return folder === '/' ? undefined : freeMibOf(dirname(folder));
  }
}
