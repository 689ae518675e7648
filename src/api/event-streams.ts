import type { Clock } from '../domain/ports.ts';
import type { Timeline } from '../lifecycle/timeline.ts';
import { EventStream, type EventStreamOptions } from './event-stream.ts';

/** Each may read the whole history: more would hold up each other. */
const MAX_STREAMS = 64;

export type StreamRequest = Omit<EventStreamOptions, 'timeline' | 'clock' | 'onClose'>;

/** The streams that are open, so that they are bounded and end with the API. */
export class EventStreams {
  readonly #timeline: Timeline;
  readonly #clock: Clock;
  readonly #open = new Set<EventStream>();

  constructor(timeline: Timeline, clock: Clock) {
    this.#timeline = timeline;
    this.#clock = clock;
  }

  get size(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_STREAMS;
  }

  open(request: StreamRequest): void {
    const stream = new EventStream({
      ...request,
      timeline: this.#timeline,
      clock: this.#clock,
      onClose: () => void this.#open.delete(stream),
    });
    this.#open.add(stream);
  }

  /** Each with a word; what was sent before has its number, so that a reader goes on at the next start. */
  close(): void {
    for (const stream of this.#open) stream.end('stopping');
  }
}
