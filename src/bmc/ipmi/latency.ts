const FIRST_PATIENCE_MS = 1_000;
const MIN_PATIENCE_MS = 250;
const MAX_PATIENCE_MS = 5_000;

/** What one BMC takes to answer, learned (RFC 6298's estimator): slow ones get time, quick ones are asked again soon. */
export class Latency {
  #smoothedMs: number | undefined;
  #variationMs = 0;

  answered(latencyMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = latencyMs;
      this.#variationMs = latencyMs / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#smoothedMs - latencyMs) - this.#variationMs) / 4;
    this.#smoothedMs += (latencyMs - this.#smoothedMs) / 8;
  }

  /** How long an answer is waited for before the packet is sent again. */
  get patienceMs(): number {
    if (this.#smoothedMs === undefined) return FIRST_PATIENCE_MS;
    return Math.min(MAX_PATIENCE_MS, Math.max(MIN_PATIENCE_MS, this.#smoothedMs + 4 * this.#variationMs));
  }

  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }
}
