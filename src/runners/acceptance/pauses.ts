import type { Clock } from '../../domain/ports.ts';

/** Waits that all end at once when nobody wants what comes after them. */
export class Pauses {
  readonly #clock: Clock;
  readonly #aborter = new AbortController();
  readonly #ends = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For what runs meanwhile: it is ended too. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  get isClosed(): boolean {
    return this.#aborter.signal.aborted;
  }

  async pause(delayMs: number): Promise<void> {
    if (this.isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(() => end(), delayMs);
      const end = () => {
        timer.cancel();
        this.#ends.delete(end);
        resolve();
      };
      this.#ends.add(end);
    });
  }

  close(): void {
    this.#aborter.abort();
    for (const end of [...this.#ends]) end();
  }
}
