import type { Clock, Timer } from '../domain/ports.ts';

/** One timer waits no longer than this: the wall clock, by which alarms are set, may jump. */
const LONGEST_WAIT_MS = 60_000;

interface Alarm {
  readonly key: string;
  readonly at: number;
}

/**
 * Many alarms with one timer: a binary heap, ordered by time. An alarm that was set again or taken back stays in the heap
 * until its turn, and is skipped then.
 */
export class AlarmClock {
  readonly #clock: Clock;
  readonly #ring: (key: string) => void;
  readonly #heap: Alarm[] = [];
  readonly #current = new Map<string, number>();
  #timer: Timer | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #isStopped = false;

  /** @param ring is called once for each alarm that is due */
  constructor(clock: Clock, ring: (key: string) => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** @param at milliseconds since 1970; null takes the alarm back */
  set(key: string, at: number | null): void {
    if (at === null) {
      this.#current.delete(key);
      return;
    }
    if (this.#current.get(key) === at) return;
    this.#current.set(key, at);
    this.#push({ key, at });
    if (this.#heap.length > 64 && this.#heap.length > this.#current.size * 2) this.#compact();
    if (at < this.#wakesAt) this.#sleep();
  }

  get size(): number {
    return this.#current.size;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sleep(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const [first] = this.#heap;
    if (first === undefined || this.#isStopped) return;
    const now = this.#clock.now();
    const waitMs = Math.min(Math.max(0, first.at - now), LONGEST_WAIT_MS);
    this.#wakesAt = now + waitMs;
    this.#timer = this.#clock.setTimeout(() => this.#wake(), waitMs);
  }

  #wake(): void {
    const now = this.#clock.now();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#pop();
      if (this.#current.get(first.key) !== first.at) continue;
      this.#current.delete(first.key);
      this.#ring(first.key);
    }
    this.#sleep();
  }

  #compact(): void {
    const alarms = [...this.#current].map(([key, at]) => ({ key, at }));
    this.#heap.length = 0;
    for (const alarm of alarms) this.#push(alarm);
  }

  #push(alarm: Alarm): void {
    const heap = this.#heap;
    let at = heap.push(alarm) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent] as Alarm).at <= alarm.at) break;
      heap[at] = heap[parent] as Alarm;
      at = parent;
    }
    heap[at] = alarm;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Alarm;
    const { length } = heap;
    if (length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && (heap[child + 1] as Alarm).at < (heap[child] as Alarm).at) child += 1;
      if ((heap[child] as Alarm).at >= last.at) break;
      heap[at] = heap[child] as Alarm;
      at = child;
    }
    heap[at] = last;
  }
}
