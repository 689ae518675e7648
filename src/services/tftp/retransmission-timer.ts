const INITIAL_MS = 1_000;
/** Below it a client that verifies or erases flash between two blocks is flooded for nothing. */
const SHORTEST_MS = 200;
const LONGEST_MS = 5_000;
/** Resolution of the timers. */
const GRANULARITY_MS = 1;

/**
 * How long to wait for an ACK: by the round trips that this transfer measured (RFC 6298), doubled at each
 * retransmission. A client that asked for a timeout (RFC 2349) gets exactly that.
 */
export class RetransmissionTimer {
  readonly #fixedMs: number | undefined;
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #timeoutMs: number;

  constructor(fixedMs: number | undefined) {
    this.#fixedMs = fixedMs;
    this.#timeoutMs = fixedMs ?? INITIAL_MS;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Smoothed; undefined before the first measurement. */
  get roundTripMs(): number | undefined {
    return this.#smoothedMs;
  }

  /** Only of what was sent once: an ACK of a repeated block does not say which of the two it answers (Karn). */
  measured(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
    } else {
      this.#variationMs += (Math.abs(this.#smoothedMs - roundTripMs) - this.#variationMs) / 4;
      this.#smoothedMs += (roundTripMs - this.#smoothedMs) / 8;
    }
    this.progressed();
  }

  /** The client answered: the doubling ends. */
  progressed(): void {
    if (this.#fixedMs !== undefined || this.#smoothedMs === undefined) return;
    const estimate = this.#smoothedMs + Math.max(GRANULARITY_MS, 4 * this.#variationMs);
    this.#timeoutMs = Math.min(Math.max(estimate, SHORTEST_MS), LONGEST_MS);
  }

  expired(): void {
    if (this.#fixedMs === undefined) this.#timeoutMs = Math.min(this.#timeoutMs * 2, LONGEST_MS);
  }
}
