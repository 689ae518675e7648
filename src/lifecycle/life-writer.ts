import { HostRefused } from '../domain/errors.ts';
import type { BootEvent } from '../domain/events.ts';
import type { EventSink, StoreChange } from '../domain/ports.ts';
import { Draft, type LifeMemory } from './life-memory.ts';

/** What is decided in its turn: changes into the draft, words for the timeline. May throw: then nothing of it stays. */
export type Work<T> = (draft: Draft, tell: (event: BootEvent) => void) => T;

export type LifeCommit = (batch: readonly StoreChange[], told: readonly BootEvent[]) => Promise<void>;

export interface LifeWriterOptions {
  readonly memory: LifeMemory;
  /** Both in one transaction: the changes, and what the timeline tells of them. */
  readonly commit: LifeCommit;
  /** Whoever else is to hear what was told, once it is on disk. */
  readonly told: EventSink;
  /** After a batch is on disk and in memory, before whoever asked is answered. */
  readonly onCommitted: (draft: Draft) => void;
}

interface Waiting {
  readonly work: Work<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const MAX_WAITING = 20_000;
/** In one transaction: 4,000 nodes that are powered on together are a few of them, not 4,000. */
const MAX_BATCH = 500;

/**
 * The one way to change lives and grants. Work is done one after another, each seeing what those before it did; what has
 * gathered while the disk was busy goes to it as one transaction. Memory shows nothing that is not on disk.
 */
export class LifeWriter {
  readonly #options: LifeWriterOptions;
  readonly #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;

  constructor(options: LifeWriterOptions) {
    this.#options = options;
  }

  /** Resolves when it is on disk. @throws what the work throws, what the store throws */
  write<T>(work: Work<T>): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING) {
      const message = `${MAX_WAITING} changes of nodes' lives wait for the store already.`;
      return Promise.reject(new HostRefused(message, 'Look whether the disk of dataDir answers, then try again.'));
    }
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** What was asked for until now is on disk, or was refused. */
  async settled(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
  }

  async #drain(): Promise<void> {
    // What comes in the same turn of the loop goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#writeBatch(this.#waiting.splice(0, MAX_BATCH));
    this.#draining = undefined;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const { memory, commit, told: others, onCommitted } = this.#options;
    const draft = new Draft(memory);
    const told: BootEvent[] = [];
    const done: { readonly waiting: Waiting; readonly value: unknown }[] = [];
    for (const waiting of batch) {
      const own = new Draft(draft);
      const ownEvents: BootEvent[] = [];
      try {
        const value = waiting.work(own, (event) => void ownEvents.push(event));
        draft.merge(own);
        told.push(...ownEvents);
        done.push({ waiting, value });
      } catch (error) {
        waiting.reject(error);
      }
    }
    try {
      const changes = draft.changes();
      if (changes.length > 0 || told.length > 0) await commit(changes, told);
    } catch (error) {
      for (const { waiting } of done) waiting.reject(error);
      return;
    }
    memory.apply(draft);
    onCommitted(draft);
    for (const event of told) others.emit(event);
    for (const { waiting, value } of done) waiting.resolve(value);
  }
}
