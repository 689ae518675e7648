/** Distinct questions of a large pod: 5,000 names, forwards and backwards, with and without EDNS. */
const MAX_ENTRIES = 32_768;
/** Of answers; pages that are not written to take no memory. */
const MAX_BYTES = 4 << 20;
/** In front of each answer: the second in which it ends. */
const HEAD_BYTES = 4;
const NEVER = 0xffffffff;

/**
 * Answers in one piece of memory, by the query they answer. Ten thousand small arrays would take several times their
 * bytes, and keep the garbage collector busy.
 */
class Generation {
  readonly #places = new Map<string, number>();
  readonly #bytes: Uint8Array;
  readonly #maxEntries: number;
  #used = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#bytes = new Uint8Array(maxBytes);
  }

  get size(): number {
    return this.#places.size;
  }

  place(key: string): number | undefined {
    return this.#places.get(key);
  }

  endsAt(place: number): number {
    const bytes = this.#bytes;
    const at = place >>> 0;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** A view: valid until the generation is forgotten. */
  answer(place: number): Uint8Array {
    const start = (place >>> 0) + HEAD_BYTES;
    return this.#bytes.subarray(start, start + Math.floor(place / 2 ** 32));
  }

  /** @returns false where there is no room */
  add(key: string, answer: Uint8Array, endsAt: number): boolean {
    const start = this.#used;
    if (this.#places.size >= this.#maxEntries || start + HEAD_BYTES + answer.length > this.#bytes.length) return false;
    const bytes = this.#bytes;
    bytes[start] = endsAt >>> 24;
    bytes[start + 1] = endsAt >>> 16;
    bytes[start + 2] = endsAt >>> 8;
    bytes[start + 3] = endsAt;
    bytes.set(answer, start + HEAD_BYTES);
    this.#used = start + HEAD_BYTES + answer.length;
    // Place and length as one number: no object for each.
    this.#places.set(key, start + answer.length * 2 ** 32);
    return true;
  }

  forget(key: string): void {
    this.#places.delete(key);
  }

  /** Its memory is used again: an installation of a pod clears the cache many times a second. */
  clear(): void {
    this.#places.clear();
    this.#used = 0;
  }
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
  #young: Generation | undefined;
  #old: Generation | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number, limits: { readonly maxEntries?: number; readonly maxBytes?: number } = {}) {
    this.#now = now;
    this.#maxEntries = limits.maxEntries ?? MAX_ENTRIES;
    this.#maxBytes = limits.maxBytes ?? MAX_BYTES;
  }

  get size(): number {
    return (this.#young?.size ?? 0) + (this.#old?.size ?? 0);
  }

  /** A view: valid until the next `put`. Its id may be written over, nothing else. */
  get(key: string): Uint8Array | undefined {
    let generation = this.#young;
    let place = generation?.place(key);
    const isYoung = place !== undefined;
    if (place === undefined) {
      generation = this.#old;
      place = generation?.place(key);
    }
    if (generation === undefined || place === undefined) return undefined;
    const endsAt = generation.endsAt(place);
    if (endsAt !== NEVER && endsAt <= this.#now() / 1000) {
      generation.forget(key);
      return undefined;
    }
    const answer = generation.answer(place);
    if (isYoung) return answer;
    generation.forget(key);
    return this.#add(key, answer, endsAt);
  }

  /** @param keepSeconds absent: until something changes */
  put(key: string, answer: Uint8Array, keepSeconds?: number): void {
    if (answer.length + HEAD_BYTES > this.#maxBytes / 2) return;
    this.#add(key, answer, keepSeconds === undefined ? NEVER : Math.floor(this.#now() / 1000 + keepSeconds));
  }

  clear(): void {
    this.#young?.clear();
    this.#old?.clear();
  }

  /** @returns the kept copy */
  #add(key: string, answer: Uint8Array, endsAt: number): Uint8Array {
    this.#young ??= this.#newGeneration();
    if (!this.#young.add(key, answer, endsAt)) {
      // The answer may lie in the memory that is cleared here; copying it to the front keeps its bytes.
      const next = this.#old ?? this.#newGeneration();
      next.clear();
      this.#old = this.#young;
      this.#young = next;
      next.add(key, answer, endsAt);
    }
    return this.#young.answer(this.#young.place(key) ?? 0);
  }

  #newGeneration(): Generation {
    return new Generation(Math.max(1, this.#maxEntries >>> 1), this.#maxBytes >>> 1);
  }
}
