import type { InterfaceKey } from '../../domain/lease.ts';

/** Two megabytes: at 10,000 made-up addresses a second it remembers each for half a minute. */
const SLOTS = 262_144;

/**
 * Who knocked before, while there are more strangers than can be remembered one by one. Of fixed size, and nothing is made
 * for a knock: made-up addresses come once, and a machine that boots comes again (EDK2 after 4, 8 and 16 seconds).
 */
export class Doorway {
  /** Of what key, 0 for none; a key that falls on another's slot takes it. */
  readonly #marks = new Uint32Array(SLOTS);
  /** Milliseconds of the monotonic clock, in seconds and a fraction. */
  readonly #knockedAt = new Float32Array(SLOTS);
  readonly #startMs: number;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  /** Seconds since this key knocked for the first time that is remembered; 0 for the first. */
  knock(key: InterfaceKey, nowMs: number): number {
    let slot = 0x811c9dc5;
    let mark = 0x9747b28c;
    for (let at = 0; at < key.length; at += 1) {
      const code = key.charCodeAt(at);
      slot = Math.imul(slot ^ code, 0x01000193);
      mark = Math.imul(mark ^ code, 0x5bd1e995) ^ (mark >>> 15);
    }
    const index = (slot ^ (slot >>> 16)) & (SLOTS - 1);
    const wanted = mark >>> 0 || 1;
    const now = (nowMs - this.#startMs) / 1_000;
    if (this.#marks[index] === wanted) return now - (this.#knockedAt[index] as number);
    this.#marks[index] = wanted;
    this.#knockedAt[index] = now;
    return 0;
  }
}
