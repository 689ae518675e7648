import { MalformedPacket } from './malformed-packet.ts';

/** Reads big-endian fields one after another. Never clamps: a field that is not wholly there is a MalformedPacket. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #reading: string;
  #offset = 0;

  /** @param reading what these bytes are, for the error: `DHCP option 82` */
  constructor(bytes: Uint8Array, reading: string) {
    this.#bytes = bytes;
    this.#reading = reading;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  uint8(what: string): number {
    return this.#bytes[this.#take(1, what)]!;
  }

  uint16(what: string): number {
    const at = this.#take(2, what);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  uint32(what: string): number {
    const at = this.#take(4, what);
    const bytes = this.#bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  /** A view of the next `length` bytes, not a copy. */
  view(length: number, what: string): Uint8Array {
    const at = this.#take(length, what);
    return this.#bytes.subarray(at, at + length);
  }

  /** A view of everything that is left. */
  rest(): Uint8Array {
    return this.view(this.remaining, 'the rest');
  }

  fail(problem: string, offset = this.#offset): never {
    throw new MalformedPacket(this.#reading, offset, problem);
  }

  #take(length: number, what: string): number {
    const at = this.#offset;
    if (length > this.#bytes.length - at) {
      this.fail(`${what} wants ${length} bytes, ${this.#bytes.length - at} are left`, at);
    }
    this.#offset = at + length;
    return at;
  }
}
