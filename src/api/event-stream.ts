import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../domain/ports.ts';
import { passesFilters, type StoredEvent } from '../domain/stored-event.ts';
import type { Timeline } from '../lifecycle/timeline.ts';
import type { EventFilter } from './event-pages.ts';
import { timelineEntryView } from './views.ts';

/** Why a stream ends, as its last message says: `event: end`. */
export type StreamEnd = 'stopping' | 'slow' | 'token' | 'node-removed' | 'store';

export interface EventStreamOptions {
  readonly response: ServerResponse;
  readonly timeline: Timeline;
  readonly clock: Clock;
  readonly filter: EventFilter;
  /** The same choice for events that come past the store. */
  readonly concerns: (event: StoredEvent['event']) => boolean;
  /** The number behind which it begins. */
  readonly after: number;
  /** Why it has to end, asked now and then: its token was replaced, its node is gone. */
  readonly obstacle: () => StreamEnd | undefined;
  readonly onClose: () => void;
}

const HEARTBEAT_MS = 15_000;
/** How long a reader may take nothing before the stream ends; it goes on from where it was when it comes again. */
const SLOW_MS = 30_000;
/** What waits in memory for a slow reader is one page, or one batch of the timeline's: some 100 kB. */
const PAGE = 100;
/** The last words get this long to leave. */
const FAREWELL_MS = 1_000;
/** Proposed to the client, for its next attempt. */
const RETRY_MS = 2_000;

const DETAIL: Readonly<Record<StreamEnd, string>> = {
  stopping: 'podboot stops; connect again with Last-Event-ID.',
  slow: 'Nothing was read for 30 s; connect again with Last-Event-ID.',
  token: 'The token of this stream was replaced; connect again with the new one.',
  'node-removed': 'The node was removed.',
  store: 'The store can’t be read; look at podboot’s log.',
};

/**
 * One reader of server-sent events (HTML Living Standard, section 9.2). It is either live, and gets each batch as it is
 * written, or it reads the store until it has caught up: at its start, and whenever it was too slow. So there is neither a
 * gap nor a double, and no queue.
 */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #unsubscribe: () => void;
  /** Everything up to here was sent, or did not concern this reader. */
  #cursor: number;
  /** The last number that the timeline told of. */
  #latest = 0;
  #isReading = false;
  #isBlocked = false;
  #isEnded = false;
  #heartbeat: Timer | undefined;
  #patience: Timer | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#cursor = options.after;
    const { response } = options;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // nginx would gather it.
      'x-accel-buffering': 'no',
    });
    this.#unsubscribe = options.timeline.onStored((entries) => this.#takeLive(entries));
    response.on('drain', () => this.#unblock());
    response.on('close', () => this.#close());
    response.on('error', () => this.#close());
    // An id without data: where to go on, also before the first event.
    this.#write(`retry: ${RETRY_MS}\nid: ${this.#cursor}\n\n`);
    this.#restHeart();
    void this.#catchUp();
  }

  end(reason: StreamEnd): void {
    if (this.#isEnded) return;
    const { response, clock } = this.#options;
    this.#stop();
    response.write(`event: end\ndata: ${JSON.stringify({ reason, detail: DETAIL[reason] })}\n\n`);
    response.end();
    if (response.destroyed) return;
    const timer = clock.setTimeout(() => response.destroy(), FAREWELL_MS);
    response.once('close', () => timer.cancel());
  }

  #takeLive(entries: readonly StoredEvent[]): void {
    const [first] = entries;
    const last = entries.at(-1);
    if (first === undefined || last === undefined) return;
    this.#latest = last.sequence;
    if (this.#isReading || this.#isBlocked || this.#isEnded) return;
    if (this.#cursor < first.sequence - 1) {
      void this.#catchUp();
      return;
    }
    const { filter, concerns } = this.#options;
    this.#send(entries.filter(({ event }) => concerns(event) && passesFilters(event, filter)));
    this.#cursor = Math.max(this.#cursor, last.sequence);
    this.#endWhereObstructed();
  }

  async #catchUp(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      let isBehind = true;
      while (isBehind && !this.#isBlocked && !this.#isEnded) isBehind = await this.#readPage();
    } catch {
      this.end('store');
    } finally {
      this.#isReading = false;
    }
    this.#endWhereObstructed();
  }

  /** Whether there is more to read. */
  async #readPage(): Promise<boolean> {
    const { timeline, filter } = this.#options;
    const page = await timeline.read({ ...filter, after: this.#cursor, limit: PAGE });
    if (this.#isEnded) return false;
    if (this.#cursor > page.last) {
      // The reader knows numbers that this store never gave: it was begun anew, or put back from a backup.
      this.#write(': the numbers began anew\n\n');
      this.#cursor = 0;
      return true;
    }
    this.#send(page.entries.filter(({ sequence }) => sequence > this.#cursor));
    this.#cursor = Math.max(this.#cursor, page.upTo);
    return this.#cursor < Math.max(page.last, this.#latest);
  }

  #send(entries: readonly StoredEvent[]): void {
    if (entries.length === 0) return;
    this.#write(
      entries.map((each) => `id: ${each.sequence}\ndata: ${JSON.stringify(timelineEntryView(each))}\n\n`).join(''),
    );
  }

  #write(text: string): void {
    if (this.#options.response.write(text) || this.#isBlocked) return;
    this.#isBlocked = true;
    this.#patience = this.#options.clock.setTimeout(() => this.end('slow'), SLOW_MS);
  }

  #unblock(): void {
    if (!this.#isBlocked || this.#isEnded) return;
    this.#isBlocked = false;
    this.#patience?.cancel();
    void this.#catchUp();
  }

  #restHeart(): void {
    this.#heartbeat = this.#options.clock.setTimeout(() => {
      this.#endWhereObstructed();
      if (this.#isEnded) return;
      if (!this.#isBlocked) this.#write(`: still here\nid: ${this.#cursor}\n\n`);
      this.#restHeart();
    }, HEARTBEAT_MS);
  }

  #endWhereObstructed(): void {
    const obstacle = this.#isEnded ? undefined : this.#options.obstacle();
    if (obstacle !== undefined) this.end(obstacle);
  }

  #stop(): void {
    this.#isEnded = true;
    this.#unsubscribe();
    this.#heartbeat?.cancel();
    this.#patience?.cancel();
  }

  #close(): void {
    this.#stop();
    this.#options.onClose();
  }
}
