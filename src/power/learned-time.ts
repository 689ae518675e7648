/** What something takes, learned from what it took (RFC 6298's estimator). */
export class LearnedTime {
  #smoothedMs: number | undefined;
  #variationMs = 0;

  observe(tookMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = tookMs;
      this.#variationMs = tookMs / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#smoothedMs - tookMs) - this.#variationMs) / 4;
    this.#smoothedMs += (tookMs - this.#smoothedMs) / 8;
  }

  /** After how long it is late. */
  lateMs(bounds: { readonly unknownMs: number; readonly minMs: number; readonly maxMs: number }): number {
    if (this.#smoothedMs === undefined) return bounds.unknownMs;
    return Math.min(bounds.maxMs, Math.max(bounds.minMs, this.#smoothedMs + 4 * this.#variationMs));
  }

  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }
}
