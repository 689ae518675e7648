/** How much is kept: of one subject, of how many subjects, and of all together. */
export interface RingLimits {
  readonly perSubject: number;
  readonly subjects: number;
  readonly total: number;
}

/**
 * The latest entries of many subjects. Where there are too many of one, its oldest go; where there are too many subjects
 * or entries altogether, the subject that was silent for longest loses its own.
 */
export class EventRings<Entry> {
  readonly #limits: RingLimits;
  /** In the order of their last entry: the most silent first. */
  readonly #rings = new Map<string, Entry[]>();
  #total = 0;

  constructor(limits: RingLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  get subjects(): number {
    return this.#rings.size;
  }

  add(subject: string, entry: Entry): void {
    const ring = this.#rings.get(subject) ?? [];
    ring.push(entry);
    this.#total += 1;
    if (ring.length > this.#limits.perSubject) {
      ring.shift();
      this.#total -= 1;
    }
    this.#rings.delete(subject);
    this.#rings.set(subject, ring);
    if (this.#rings.size > this.#limits.subjects) this.#forgetMostSilent();
    while (this.#total > this.#limits.total) this.#forgetOldestOfMostSilent();
  }

  of(subject: string): readonly Entry[] {
    return this.#rings.get(subject) ?? [];
  }

  forget(subject: string): void {
    this.#total -= this.#rings.get(subject)?.length ?? 0;
    this.#rings.delete(subject);
  }

  #forgetMostSilent(): void {
    const [subject] = this.#rings.keys();
    if (subject !== undefined) this.forget(subject);
  }

  #forgetOldestOfMostSilent(): void {
    for (const [subject, ring] of this.#rings) {
      ring.shift();
      this.#total -= 1;
      if (ring.length === 0) this.#rings.delete(subject);
      return;
    }
  }
}
