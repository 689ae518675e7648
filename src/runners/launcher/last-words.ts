const MAX_BYTES = 4_096;

/** The last lines of a program's output: what it says before it gives up is why. */
export class LastWords {
  #lines: Buffer[] = [];
  #sizeBytes = 0;

  push(line: Buffer): void {
    this.#lines.push(line);
    this.#sizeBytes += line.length;
    for (let first = this.#lines[0]; first !== undefined && this.#sizeBytes > MAX_BYTES; first = this.#lines[0]) {
      if (this.#lines.length === 1) {
        this.#lines = [first.subarray(-MAX_BYTES)];
        this.#sizeBytes = MAX_BYTES;
        return;
      }
      this.#lines.shift();
      this.#sizeBytes -= first.length;
    }
  }

  get text(): string {
    return Buffer.concat(this.#lines).toString('utf8').trim();
  }
}
