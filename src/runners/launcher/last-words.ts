const MAX_BYTES = 4_096;

/** The end of a program's output: what it says before it gives up is why. */
export class LastWords {
  #bytes = Buffer.alloc(0);

  push(lines: Buffer): void {
    // A copy of the end alone: the whole chunk would stay in memory with it.
    const whole = Buffer.concat([this.#bytes, lines.subarray(-MAX_BYTES)]);
    this.#bytes = Buffer.from(whole.subarray(-MAX_BYTES));
  }

  get text(): string {
    return this.#bytes.toString('utf8').trim();
  }
}
