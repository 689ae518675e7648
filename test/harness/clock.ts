import type { Clock, Timer } from '../../src/domain/ports.ts';

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Time that stands still until a test moves it. The wall clock and the monotonic one advance together and jump apart:
 * `jumpWallClock` is what NTP, a dead CMOS battery or an operator does.
 */
export class FakeClock implements Clock {
  #monotonicMs = 5_000;
  #wallMs: number;
  #order = 0;
  #pending = new Set<Pending>();

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonic(): number {
    return this.#monotonicMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const pending = { dueMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Runs every timer that falls due within `ms`, in order, each at its own time; also those that they set. */
  advance(ms: number): void {
    const target = this.#monotonicMs + ms;
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      this.#moveTo(Math.max(next.dueMs, this.#monotonicMs));
      this.#pending.delete(next);
      next.callback();
    }
    this.#moveTo(target);
  }

  /** `advance` in steps, with whatever promises and immediates the timers started given their turn after each step. */
  async advanceSettling(ms: number, stepMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.advance(Math.min(stepMs, left));
      await settle();
    }
  }

  jumpWallClock(ms: number): void {
    this.#wallMs += ms;
  }

  /** Timers that wait: a stopped service must leave none. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #next(limitMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const pending of this.#pending) {
      if (pending.dueMs > limitMs) continue;
      if (
        next === undefined ||
        pending.dueMs < next.dueMs ||
        (pending.dueMs === next.dueMs && pending.order < next.order)
      ) {
        next = pending;
      }
    }
    return next;
  }
}

/** Gives promises and immediates that are under way their turn; no time passes. */
export async function settle(turns = 4): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
