import type { Clock } from './ports.ts';

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** So many at once, and so many a second after that, for each of a bounded number of keys. */
export class RequestBudget<Key> {
  readonly #clock: Clock;
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #maxKeys: number;
  readonly #buckets = new Map<Key, Bucket>();

  constructor(clock: Clock, limits: { readonly burst: number; readonly perSecond: number; readonly maxKeys: number }) {
    this.#clock = clock;
    this.#burst = limits.burst;
    this.#perSecond = limits.perSecond;
    this.#maxKeys = limits.maxKeys;
  }

  /** False: too many. */
  take(key: Key): boolean {
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#burst, filledAt: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.filledAt) / 1_000) * this.#perSecond);
    bucket.filledAt = now;
    // The one that asked last goes last: where there are too many keys, the most silent is forgotten.
    this.#buckets.delete(key);
    if (this.#buckets.size >= this.#maxKeys) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    this.#buckets.set(key, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
