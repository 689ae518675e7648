import type { Clock, Timer } from '../domain/ports.ts';

/** Node fires a longer timer at once, with a warning. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    setTimeout: (callback, delayMs) => new SystemTimer(callback, delayMs),
  };
}

class SystemTimer implements Timer {
  #handle: NodeJS.Timeout;

  constructor(callback: () => void, delayMs: number) {
    this.#handle = this.#arm(callback, Math.max(0, delayMs));
  }

  #arm(callback: () => void, delayMs: number): NodeJS.Timeout {
    if (delayMs <= LONGEST_TIMER_MS) return setTimeout(callback, delayMs);
    return setTimeout(() => {
      this.#handle = this.#arm(callback, delayMs - LONGEST_TIMER_MS);
    }, LONGEST_TIMER_MS);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}
