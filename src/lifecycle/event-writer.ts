import { PodbootError } from '../domain/errors.ts';
import type { Clock, EventSink, Timer } from '../domain/ports.ts';
import type { EventChange, EventStore, StoredEvent } from '../domain/stored-event.ts';

export interface EventWriterOptions {
  readonly store: Pick<EventStore, 'appendEvents'>;
  readonly clock: Clock;
  /** Where it says that it can't write: not the timeline. */
  readonly log: EventSink;
  /** After each batch, in order; the numbers have no gap within a batch. */
  readonly onStored: (entries: readonly StoredEvent[]) => void;
}

/** What is told reaches the disk within this time, and some milliseconds. */
const GATHER_MS = 200;
/** A lease's commit waits for one batch at most: about a millisecond. */
const BATCH = 100;
/** Together with GATHER_MS: 5,000 a second. 4,000 nodes that boot at once tell about 1,500 a second. */
const MAX_ROUND = 1_000;
/** About 10 MB, where the disk stands still. */
const MAX_WAITING = 20_000;
/** Anybody can make up MAC addresses: strangers get no more of the disk than this, a round. */
const MAX_STRANGERS_WAITING = 200;
const RETRY_MS = 5_000;
/** A batch that is refused for a minute is given up, so that one that can never be written does not end the history. */
const MAX_ATTEMPTS = 12;

/** Takes events in at once and writes them in batches, one at a time; whoever emits never waits, and what is too much is counted. */
export class EventWriter {
  readonly #options: EventWriterOptions;
  #waiting: EventChange[] = [];
  #strangersWaiting = 0;
  #timer: Timer | undefined;
  #round: Promise<void> | undefined;
  /** Of the batch that stands first. */
  #attempts = 0;
  #written = 0;
  #dropped = 0;
  #droppedTold = 0;

  constructor(options: EventWriterOptions) {
    this.#options = options;
  }

  add(change: EventChange): void {
    if (this.#waiting.length >= MAX_WAITING && 'add' in change) {
      this.#dropped += 1;
      return;
    }
    if (isStranger(change)) {
      if (this.#strangersWaiting >= MAX_STRANGERS_WAITING) {
        this.#dropped += 1;
        return;
      }
      this.#strangersWaiting += 1;
    }
    this.#waiting.push(change);
    if (this.#round === undefined) this.#timer ??= this.#options.clock.setTimeout(() => this.#start(), GATHER_MS);
  }

  /**
   * Writes events in a transaction of somebody else's, together with what they tell of. What waits goes before them, so that
   * the order is the one in which it was told.
   * @throws what `write` throws; then none of `changes` is written, and what waited waits again
   */
  async writeWith(changes: readonly EventChange[], write: (batch: readonly EventChange[]) => Promise<number>) {
    // Trouble of the timeline's own is not to be that transaction's.
    const before = this.#attempts > 0 ? [] : this.#take(MAX_ROUND);
    const batch = [...before, ...changes];
    try {
      this.#tellStored(batch, await write(batch));
    } catch (error) {
      this.#putBack(before);
      if (this.#waiting.length > 0 && this.#round === undefined) {
        this.#timer ??= this.#options.clock.setTimeout(() => this.#start(), GATHER_MS);
      }
      throw error;
    }
  }

  /** Takes out what waits of a node, before what is written of it is forgotten. */
  withdraw(nodeId: string): void {
    this.#waiting = this.#waiting.filter(
      (change) => !('add' in change && change.add.owner.kind === 'node' && change.add.owner.name === nodeId),
    );
  }

  /** What waits now is written when it resolves, or could not be: it never rejects. */
  async flush(): Promise<void> {
    await this.#round;
    if (this.#attempts > 0 || this.#waiting.length === 0) return;
    await this.#start();
  }

  /** Writes what waits, and takes nothing more. */
  async close(): Promise<void> {
    await this.#round;
    while (this.#waiting.length > 0) {
      const before = this.#waiting.length;
      await this.#start();
      if (this.#waiting.length >= before) break;
    }
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  statistics(): Readonly<Record<string, number>> {
    return { written: this.#written, waiting: this.#waiting.length, dropped: this.#dropped };
  }

  #start(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#round ??= this.#writeRound().finally(() => {
      this.#round = undefined;
      this.#tellDropped();
      if (this.#waiting.length === 0) return;
      const delayMs = this.#attempts > 0 ? RETRY_MS : GATHER_MS;
      this.#timer ??= this.#options.clock.setTimeout(() => this.#start(), delayMs);
    });
    return this.#round;
  }

  async #writeRound(): Promise<void> {
    for (let count = 0; count < MAX_ROUND && this.#waiting.length > 0; count += BATCH) {
      const batch = this.#take(BATCH);
      try {
        const last = await this.#options.store.appendEvents(batch);
        this.#tellStored(batch, last);
      } catch (error) {
        this.#failed(batch, error);
        return;
      }
    }
  }

  #take(count: number): readonly EventChange[] {
    const taken = this.#waiting.splice(0, count);
    this.#strangersWaiting -= taken.filter(isStranger).length;
    return taken;
  }

  #putBack(changes: readonly EventChange[]): void {
    this.#strangersWaiting += changes.filter(isStranger).length;
    this.#waiting = [...changes, ...this.#waiting];
  }

  #tellStored(batch: readonly EventChange[], last: number): void {
    if (this.#attempts > 0) {
      const text = 'the timeline is written again';
      this.#options.log.emit({ type: 'timeline.stored-again', level: 'info', subject: {}, text });
    }
    this.#attempts = 0;
    const added = batch.flatMap((change) => ('add' in change ? [change.add] : []));
    this.#written += added.length;
    const first = last - added.length + 1;
    this.#options.onStored(added.map(({ at, event }, index) => ({ sequence: first + index, at, event })));
  }

  #failed(batch: readonly EventChange[], error: unknown): void {
    this.#attempts += 1;
    if (this.#attempts === 1) {
      this.#options.log.emit({
        type: 'timeline.not-stored',
        level: 'warn',
        subject: {},
        text: `the timeline can’t be written and waits: ${error instanceof Error ? error.message : String(error)}`,
        mend: (error instanceof PodbootError ? error.mend : undefined) ?? 'Look at the disk under dataDir.',
      });
    }
    if (this.#attempts < MAX_ATTEMPTS) {
      this.#putBack(batch);
    } else {
      this.#attempts = 1;
      this.#dropped += batch.length;
    }
  }

  #tellDropped(): void {
    const count = this.#dropped - this.#droppedTold;
    if (count === 0) return;
    this.#droppedTold = this.#dropped;
    this.#options.log.emit({
      type: 'timeline.dropped',
      level: 'warn',
      subject: {},
      text: `${count} steps are not in the timeline: more came than the store could take`,
      mend: 'Look who floods the network (podboot events), and at the disk under dataDir.',
      throttle: 'timeline',
    });
  }
}

function isStranger(change: EventChange): boolean {
  return 'add' in change && change.add.owner.kind === 'stranger';
}
