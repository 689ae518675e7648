/** How far back a packet may come late (IPMI 2.0 section 6.12.13 asks for 16 at least). */
const WINDOW = 32;
/** Beyond this, a number that is lower is one that went round. */
const HALF_RANGE = 0x80000000;

/** Takes each sequence number once: a packet that was sent again by somebody else is dropped. */
export class ReplayWindow {
  #highest = 0;
  /** Bit n: highest - n was seen. */
  #seen = 0n;

  /** @returns false for a number that was seen, or is too old to tell */
  accept(sequence: number): boolean {
    const ahead = (sequence - this.#highest) >>> 0;
    if (this.#highest === 0 || (ahead > 0 && ahead < HALF_RANGE)) {
      this.#seen = this.#highest === 0 || ahead >= WINDOW ? 1n : ((this.#seen << BigInt(ahead)) | 1n) & MASK;
      this.#highest = sequence;
      return true;
    }
    const behind = (this.#highest - sequence) >>> 0;
    if (behind >= WINDOW) return false;
    const bit = 1n << BigInt(behind);
    if ((this.#seen & bit) !== 0n) return false;
    this.#seen |= bit;
    return true;
  }
}

const MASK = (1n << BigInt(WINDOW)) - 1n;
