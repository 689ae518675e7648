import { Histogram } from '../domain/histogram.ts';
import type { Clock } from '../domain/ports.ts';
import type { StoreUse } from './sources.ts';

/** Seconds: an NVMe's fsync takes a tenth of a millisecond, a tired disk's a second. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What commits take, and whether the disk still takes them. */
export class StoreMeter {
  readonly #clock: Clock;
  readonly #seconds = new Histogram(BOUNDS);
  /** When each that is under way began, the oldest first. */
  readonly #pending = new Map<number, number>();
  #lastId = 0;
  #commits = 0;
  #failed = 0;
  #trouble: string | undefined;
  #end: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A commit begins; what is returned is called at its end. */
  readonly onCommit = (): ((error?: unknown) => void) => {
    this.#lastId += 1;
    const id = this.#lastId;
    const startedAt = this.#clock.monotonic();
    this.#pending.set(id, startedAt);
    return (error) => {
      this.#pending.delete(id);
      this.#seconds.observe((this.#clock.monotonic() - startedAt) / 1_000);
      if (error === undefined) this.#commits += 1;
      else this.#failed += 1;
      this.#trouble = error === undefined ? undefined : textOf(error);
    };
  };

  /** Its thread is gone: nothing is stored until a restart. */
  ended(error: unknown): void {
    this.#end = textOf(error);
  }

  /** Why nothing can be stored any more; undefined while it can. */
  get end(): string | undefined {
    return this.#end;
  }

  /** Why the last commit failed; undefined where it did not. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  get pendingMs(): number {
    for (const startedAt of this.#pending.values()) return this.#clock.monotonic() - startedAt;
    return 0;
  }

  use(): StoreUse {
    return {
      commits: this.#commits,
      failedCommits: this.#failed,
      pendingCommits: this.#pending.size,
      pendingSeconds: this.pendingMs / 1_000,
      seconds: this.#seconds.snapshot(),
    };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
