import type { StoreChange } from '../../domain/ports.ts';
import type { LeaseChange } from './outcome.ts';

/** What waits for the disk. */
export interface PendingCommit {
  readonly changes: readonly LeaseChange[];
  /** The changes are on disk. */
  committed(): void;
  /** The disk refused them. */
  failed?(): void;
}

export interface CommitQueueOptions {
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  /** The disk refused a batch: nothing of it was written, nobody of it is answered. */
  readonly failed: (error: unknown, lost: number) => void;
  /** Beyond it, requests are dropped: their clients ask again. */
  readonly maxPending: number;
  /** Runs the callback when everything that this turn of the event loop has brought is queued. */
  readonly afterTurn?: (callback: () => void) => void;
}

/** Turns of the loop that a batch may wait for more: well under a millisecond, as turns that bring nothing end it. */
const MOST_TURNS = 16;

/**
 * Group commit: turns of the loop that keep bringing requests are one batch; while it is away the next one gathers; one
 * is in flight at a time. So the disk's wait is shared by all who ask meanwhile, and answers leave in the order of their
 * questions. A batch costs a thread switch and an fsync whatever is in it: in a burst, a few turns' wait saves most of them.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  readonly #afterTurn: (callback: () => void) => void;
  #gathering: PendingCommit[] = [];
  #inFlight = 0;
  #scheduled = false;
  #idle: (() => void)[] = [];
  /** Batches that reached the disk, and the leases in them. */
  readonly written = { batches: 0, leases: 0 };

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    this.#afterTurn = options.afterTurn ?? ((callback) => void setImmediate(callback));
  }

  /** False: the queue is full, nothing was taken. */
  add(pending: PendingCommit): boolean {
    if (this.pending >= this.#options.maxPending) return false;
    this.#gathering.push(pending);
    this.#schedule();
    return true;
  }

  get pending(): number {
    return this.#gathering.length + this.#inFlight;
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    while (this.pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight > 0 || this.#gathering.length === 0) return;
    this.#scheduled = true;
    this.#gatherOn(this.#gathering.length, 1);
  }

  /** Sends the batch after a turn that brought nothing more for it. */
  #gatherOn(before: number, turns: number): void {
    this.#afterTurn(() => {
      if (this.#gathering.length > before && turns < MOST_TURNS) {
        this.#gatherOn(this.#gathering.length, turns + 1);
        return;
      }
      this.#scheduled = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const batch = this.#gathering;
    this.#gathering = [];
    this.#inFlight = batch.length;
    const changes: StoreChange[] = [];
    for (const pending of batch) for (const { lease } of pending.changes) changes.push({ put: 'lease', lease });
    let onDisk = false;
    try {
      await this.#options.commit(changes);
      onDisk = true;
      this.written.batches += 1;
      this.written.leases += changes.length;
    } catch (error) {
      this.#options.failed(error, batch.length);
    }
    this.#inFlight = 0;
    // The next batch leaves before the answers to this one are built: the disk works meanwhile.
    this.#schedule();
    for (const pending of batch) {
      if (onDisk) pending.committed();
      else pending.failed?.();
    }
    if (this.pending === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
