import { Conflict } from '../domain/errors.ts';
import type { Obstacle, RunRequest, RunStatus } from '../domain/hand-off.ts';

/** A plan has obstacles: nothing was begun. Each is told with its mend. */
export class RunRefused extends Conflict {
  readonly obstacles: readonly Obstacle[];

  constructor({ cluster, action }: RunRequest, obstacles: readonly Obstacle[]) {
    super(
      `A run of ${cluster} (${action}) is not begun: ${obstacles.length === 1 ? 'something stands' : `${obstacles.length} things stand`} against it.`,
      obstacles.map(({ code, host, message, mend }) => ({ path: host ?? code, message, mend })),
      undefined,
      'run-refused',
    );
    this.obstacles = obstacles;
  }
}

/** One run at a time for a cluster. */
export class ClusterBusy extends Conflict {
  constructor(cluster: string, run: RunStatus | undefined) {
    const what = run === undefined ? 'A run of it is just being begun' : `${run.id} (${run.action}, by ${run.by})`;
    super(
      `The cluster ${cluster} is busy: ${what}${run === undefined ? '' : ' is under way'}.`,
      [],
      run === undefined
        ? 'Try again in a moment.'
        : `Wait for it (podboot runs log ${run.id}), or end it: podboot runs stop ${run.id}`,
      'cluster-busy',
    );
  }
}

export class InventoryChanged extends Conflict {
  constructor(id: string) {
    super(
      `The inventory is another one than ${id} was begun with: to go on with it might do half of one thing and half of another.`,
      [],
      `Start a new run, or confirm it: podboot runs resume ${id} --confirm-inventory`,
      'inventory-changed',
    );
  }
}
