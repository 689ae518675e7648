import { BmcError } from '../bmc/driver.ts';
import { Histogram } from '../domain/histogram.ts';
import type { Clock } from '../domain/ports.ts';

/** Seconds: a BMC takes tens of milliseconds for a command, some for a handshake, and is given up after a minute. */
const BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** How uses of BMCs end, and what they take. */
export class BmcMeter {
  /** `ok`, the failure of a BmcError, or `fault`. */
  readonly outcomes = new Map<string, number>();
  /** From a BMC's turn to its end. */
  readonly seconds = new Histogram(BOUNDS);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async measure<T>(use: () => Promise<T>): Promise<T> {
    const startedAt = this.#clock.monotonic();
    let outcome = 'ok';
    try {
      return await use();
    } catch (error) {
      outcome = error instanceof BmcError ? error.failure : 'fault';
      throw error;
    } finally {
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
      this.seconds.observe((this.#clock.monotonic() - startedAt) / 1_000);
    }
  }
}
