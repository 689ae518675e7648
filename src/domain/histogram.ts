/** What was observed so far, as Prometheus has it: `counts[i]` of observations were at most `bounds[i]`; `count` is all of them. */
export interface HistogramSnapshot {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** Observations by size, in a few numbers whatever their number: cheap enough for each use of a BMC and each commit. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** @param bounds upper ones, ascending; what is larger is counted above them all */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count += 1;
    const at = this.#bounds.findIndex((bound) => value <= bound);
    if (at >= 0) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  snapshot(): HistogramSnapshot {
    let below = 0;
    const counts = this.#counts.map((count) => {
      below += count;
      return below;
    });
    return { bounds: this.#bounds, counts, sum: this.#sum, count: this.#count };
  }
}
