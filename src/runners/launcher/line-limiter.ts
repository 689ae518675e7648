const NEWLINE = 0x0a;

/**
 * Cuts output into lines: each is handed over whole with its newline, and of one that is too long its beginning and a word on
 * how much was left out. Bytes stay what they are, whether UTF-8 or not.
 */
export class LineLimiter {
  readonly #maxBytes: number;
  readonly #take: (lines: Buffer) => void;
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  #leftOutBytes = 0;

  /** @param take gets one line or several at once; its bytes are only valid during the call */
  constructor(maxBytes: number, take: (lines: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end < 0) break;
      if (this.#heldBytes === 0 && this.#leftOutBytes === 0) {
        // A write for each of millions of short lines takes minutes: all whose end is here go together.
        const last = chunk.subarray(0, from + this.#maxBytes).lastIndexOf(NEWLINE);
        if (last >= from) {
          this.#take(chunk.subarray(from, last + 1));
          from = last + 1;
          continue;
        }
      }
      this.#hold(chunk.subarray(from, end));
      this.#finish();
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
  }

  /** What stands without a newline at the end, or for so long that it is worth showing. */
  flush(): void {
    if (this.#heldBytes > 0 || this.#leftOutBytes > 0) this.#finish();
  }

  #hold(piece: Buffer): void {
    const room = this.#maxBytes - this.#heldBytes;
    const kept = piece.subarray(0, Math.max(0, room));
    if (kept.length > 0) {
      // A copy: the chunk is reused, or keeps much more in memory than this piece of it.
      this.#pieces.push(Buffer.from(kept));
      this.#heldBytes += kept.length;
    }
    this.#leftOutBytes += piece.length - kept.length;
  }

  #finish(): void {
    const end = this.#leftOutBytes === 0 ? '\n' : ` [… ${this.#leftOutBytes} more bytes of this line left out]\n`;
    this.#take(Buffer.concat([...this.#pieces, Buffer.from(end)]));
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#leftOutBytes = 0;
  }
}
