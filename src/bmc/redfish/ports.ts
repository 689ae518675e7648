/** Milliseconds that never jump, and timers. */
export interface RedfishClock {
  monotonic(): number;
  setTimeout(callback: () => void, delayMs: number): { cancel(): void };
}

/** What is left of the time that an operation has, over all of its requests. */
export class Deadline {
  readonly #clock: RedfishClock;
  readonly #endsAt: number;

  constructor(clock: RedfishClock, deadlineMs: number) {
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + deadlineMs;
  }

  /** 1 at least: what has no time left is asked for and given up at once. */
  get leftMs(): number {
    return Math.max(1, this.#endsAt - this.#clock.monotonic());
  }

  hasMoreThan(ms: number): boolean {
    return this.#endsAt - this.#clock.monotonic() > ms;
  }

  /** @returns false, and does not wait, where that would be past the end */
  async pause(ms: number): Promise<boolean> {
    if (!this.hasMoreThan(ms)) return false;
    await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, ms));
    return true;
  }
}
