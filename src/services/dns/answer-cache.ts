/** Distinct questions of a large pod: 5,000 names, forwards and backwards, with and without EDNS. */
const MAX_ENTRIES = 16_384;
/** Of keys and answers, beside what the maps take. */
const MAX_BYTES = 3 << 20;

interface Kept {
  /** As it goes out, but for its id. */
  readonly bytes: Uint8Array;
  /** Monotonic milliseconds; Infinity: until something changes. */
  readonly endsAt: number;
}

/**
 * Answers of ours as they go out, by the query's bytes behind its id: the same query gets the same answer until a node, a
 * lease or the configuration changes. Two generations: when the younger one is full, the older one is forgotten, and what
 * is asked for again moves over. Strangers who ask for made-up names push nothing out that is asked for often.
 */
export class AnswerCache {
  readonly #now: () => number;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #young = new Map<string, Kept>();
  #old = new Map<string, Kept>();
  #youngBytes = 0;

  /** @param now monotonic milliseconds */
  constructor(now: () => number, limits: { readonly maxEntries?: number; readonly maxBytes?: number } = {}) {
    this.#now = now;
    this.#maxEntries = limits.maxEntries ?? MAX_ENTRIES;
    this.#maxBytes = limits.maxBytes ?? MAX_BYTES;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Uint8Array | undefined {
    let kept = this.#young.get(key);
    if (kept === undefined) {
      kept = this.#old.get(key);
      if (kept === undefined) return undefined;
      this.#old.delete(key);
      this.#add(key, kept);
    }
    if (kept.endsAt !== Number.POSITIVE_INFINITY && kept.endsAt <= this.#now()) {
      this.#young.delete(key);
      return undefined;
    }
    return kept.bytes;
  }

  /** @param keepSeconds absent: until something changes */
  put(key: string, bytes: Uint8Array, keepSeconds?: number): void {
    const endsAt = keepSeconds === undefined ? Number.POSITIVE_INFINITY : this.#now() + 1000 * keepSeconds;
    this.#add(key, { bytes, endsAt });
  }

  clear(): void {
    if (this.size === 0) return;
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }

  #add(key: string, kept: Kept): void {
    this.#young.set(key, kept);
    this.#youngBytes += key.length + kept.bytes.length;
    if (2 * this.#young.size <= this.#maxEntries && 2 * this.#youngBytes <= this.#maxBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }
}
