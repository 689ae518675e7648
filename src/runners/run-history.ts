import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId, RunStatus } from '../domain/hand-off.ts';
import type { StoreChange } from '../domain/ports.ts';
import type { RunFolders } from './run-folders.ts';

/** What came of so many runs can be read: 4,000 nodes in waves of twenty are 200, and the nodes' results name theirs. */
const MAX_RUNS = 1_000;
/** And the logs of so many bytes of them, the newest. */
const MAX_BYTES = 4 * 1024 ** 3;

/** Which runs are forgotten, and which lose their folder: the oldest that have ended. */
export class RunHistory {
  readonly #folders: RunFolders;
  readonly #sizes = new Map<RunId, number>();

  constructor(folders: RunFolders) {
    this.#folders = folders;
  }

  /** @param runs newest first */
  prune(runs: readonly RunStatus[]): readonly StoreChange[] {
    const changes: StoreChange[] = [];
    let bytes = 0;
    for (const [place, { id, state }] of runs.entries()) {
      if (state === 'running') continue;
      bytes += this.#sizeOf(id);
      if (place >= MAX_RUNS) changes.push({ remove: 'document', kind: 'run', id });
      if (place < MAX_RUNS && bytes <= MAX_BYTES) continue;
      this.#folders.remove(id);
      this.#sizes.set(id, 0);
    }
    for (const change of changes) if ('id' in change) this.#sizes.delete(change.id);
    return changes;
  }

  #sizeOf(id: RunId): number {
    const known = this.#sizes.get(id);
    if (known !== undefined) return known;
    const bytes = sizeBelow(this.#folders.of(id));
    this.#sizes.set(id, bytes);
    return bytes;
  }
}

function sizeBelow(folder: string): number {
  try {
    const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
    return entries
      .filter((entry) => entry.isFile())
      .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  } catch {
    return 0;
  }
}
