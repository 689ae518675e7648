import type { StoreChange } from '../domain/ports.ts';
import type { JobStep, PowerJob } from '../domain/power.ts';

const RETRY_MS = 500;
const TRIES = 5;

/**
 * Puts jobs and their steps on disk: what comes while a batch is being written goes into the next, so that hundreds of nodes
 * share a commit.
 */
export class JobWriter {
  readonly #commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly #sleep: (delayMs: number) => Promise<void>;
  #next = new Map<string, StoreChange>();
  #flush: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(commit: (batch: readonly StoreChange[]) => Promise<void>, sleep: (delayMs: number) => Promise<void>) {
    this.#commit = commit;
    this.#sleep = sleep;
  }

  /** On disk when it resolves; the later of two changes of one document counts. Rejects where the store can't. */
  write(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes)
      if ('id' in change) this.#next.set(`${'kind' in change ? change.kind : ''} ${change.id}`, change);
    this.#flush ??= this.#last.then(() => this.#take());
    return this.#flush;
  }

  settled(): Promise<unknown> {
    return this.#flush ?? this.#last;
  }

  #take(): Promise<void> {
    const batch = [...this.#next.values()];
    this.#next = new Map();
    this.#flush = undefined;
    const written = this.#tried(batch);
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #tried(batch: readonly StoreChange[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#commit(batch);
      } catch (error) {
        if (attempt >= TRIES) throw error;
      }
      await this.#sleep(RETRY_MS);
    }
  }
}

export function putJob(job: PowerJob): StoreChange {
  return { put: 'document', kind: 'job', id: job.id, document: job };
}

export function putStep(step: JobStep): StoreChange {
  return { put: 'document', kind: 'job-step', id: stepId(step), document: step };
}

export function stepId({ jobId, nodeId }: Pick<JobStep, 'jobId' | 'nodeId'>): string {
  return `${jobId} ${nodeId}`;
}
