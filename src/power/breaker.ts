import { BmcError, type BmcFailure } from '../bmc/driver.ts';

/** Failures in a row until it opens. */
const LIMIT = 3;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/** It is not asked at all: it did not answer before, or it refuses our password. */
export class BreakerOpen extends BmcError {
  /** Until it is tried again by itself; undefined: never. */
  readonly retryInMs: number | undefined;

  constructor(failure: BmcFailure, message: string, retryInMs: number | undefined) {
    super(failure, message);
    this.name = 'BreakerOpen';
    this.retryInMs = retryInMs;
  }
}

export type BreakerState = 'closed' | 'open' | 'half-open' | 'locked';

/**
 * Of one BMC. It opens after some failures in a row, lets one through after a pause that doubles, and closes with the first
 * answer. A refused password locks it: accounts are locked by repetition, so nothing is sent until a person has seen to it.
 */
export class Breaker {
  readonly #random: () => number;
  #failures = 0;
  #pauseMs = 0;
  #openUntil = Number.NEGATIVE_INFINITY;
  #lock: string | undefined;
  #why = '';

  constructor(random: () => number) {
    this.#random = random;
  }

  /** It was silent the last time. */
  get isSuspect(): boolean {
    return this.#failures > 0;
  }

  state(now: number): BreakerState {
    if (this.#lock !== undefined) return 'locked';
    if (this.#failures < LIMIT) return 'closed';
    return now < this.#openUntil ? 'open' : 'half-open';
  }

  /**
   * @param of a person waits for it: an open one is tried all the same; with other credentials, a locked one
   */
  refusal(now: number, of: { readonly priority: string; readonly isTrial: boolean }): BreakerOpen | undefined {
    if (this.#lock !== undefined && !of.isTrial) return new BreakerOpen('credentials', this.#lock, undefined);
    if (of.priority === 'person' || now >= this.#openUntil || this.#failures < LIMIT) return undefined;
    const retryInMs = this.#openUntil - now;
    const seconds = Math.ceil(retryInMs / 1_000);
    return new BreakerOpen('unreachable', `${this.#why}; it is tried again in ${seconds} s`, retryInMs);
  }

  answered(): void {
    this.#failures = 0;
    this.#pauseMs = 0;
  }

  failed(error: BmcError, now: number): void {
    if (error.failure === 'credentials') {
      this.#lock = `${error.message}; it is not tried again until the credentials change or a person tests them`;
      return;
    }
    if (error.failure !== 'unreachable' && error.failure !== 'no-answer') {
      // It says no: so it lives.
      this.answered();
      return;
    }
    this.#failures += 1;
    this.#why = error.message;
    if (this.#failures < LIMIT) return;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    // Hundreds of BMCs behind one switch come back at the same time.
    this.#openUntil = now + this.#pauseMs * (0.75 + this.#random() / 2);
  }

  /** Other credentials, another address, or a person who wants to know. */
  forgive(): void {
    this.#lock = undefined;
    this.answered();
  }
}
