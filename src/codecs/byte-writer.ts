/**
 * Writes big-endian fields one after another. Values and room are checked: what does not fit is a RangeError, because
 * it is the caller's mistake and not the network's.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #offset = 0;
  readonly #limitBytes: number;

  /** @param limitBytes more than this is refused; the default is the largest UDP payload */
  constructor(limitBytes = 65_507) {
    this.#bytes = new Uint8Array(Math.min(64, limitBytes));
    this.#limitBytes = limitBytes;
  }

  get offset(): number {
    return this.#offset;
  }

  uint8(value: number, what: string): this {
    const at = this.#claim(1, value, 0xff, what);
    this.#bytes[at] = value;
    return this;
  }

  uint16(value: number, what: string): this {
    const at = this.#claim(2, value, 0xffff, what);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  uint32(value: number, what: string): this {
    const at = this.#claim(4, value, 0xffffffff, what);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
    return this;
  }

  copy(value: Uint8Array, what: string): this {
    const at = this.#claim(value.length, 0, 0, what);
    this.#bytes.set(value, at);
    return this;
  }

  /** Exactly what was written, in a buffer of its own size. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#offset);
  }

  #claim(length: number, value: number, max: number, what: string): number {
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw new RangeError(`${what} must be a whole number from 0 to ${max}, not ${value}`);
    }
    const at = this.#offset;
    const end = at + length;
    if (end > this.#limitBytes) {
      throw new RangeError(`${what} wants ${length} bytes at ${at}, beyond the limit of ${this.#limitBytes}`);
    }
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#limitBytes, Math.max(end, this.#bytes.length * 2)));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#offset = end;
    return at;
  }
}
