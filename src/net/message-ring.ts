import type { Libc } from './libc.ts';
import { SOCKADDR_BYTES } from './socket-options.ts';

/** struct mmsghdr (recvmmsg(2)) of a 64-bit machine, in words of 4 bytes. */
const HEADER_WORDS = 16;
const NAME_POINTER = 0;
const NAME_LENGTH = 2;
const IOVEC_POINTER = 4;
const IOVEC_COUNT = 6;
const RESULT_BYTES = 14;
/** struct iovec: pointer and length, 8 bytes each. */
const IOVEC_WORDS = 4;
const IOVEC_LENGTH = 2;
const NAME_WORDS = SOCKADDR_BYTES / 4;

/**
 * Slots for datagrams that go to or come from the kernel many in one call, with their senders or receivers. A page of it
 * takes memory once it was touched: large datagrams are rare.
 */
export class MessageRing {
  readonly slots: number;
  readonly slotBytes: number;
  readonly headers: Uint8Array;
  readonly #words: Uint32Array;
  readonly #lengths: Uint32Array;
  /** struct sockaddr_in, of which the first two words count: family and port, address. As they are on the wire. */
  readonly #names: Int32Array;
  readonly #data: Uint8Array;

  constructor(libc: Libc, slots: number, slotBytes: number) {
    this.slots = slots;
    this.slotBytes = slotBytes;
    const iovecs = slots * HEADER_WORDS * 4;
    const names = iovecs + slots * IOVEC_WORDS * 4;
    const data = names + slots * SOCKADDR_BYTES;
    const { buffer, address } = libc.memory(data + slots * slotBytes);
    this.headers = new Uint8Array(buffer, 0, iovecs);
    this.#words = new Uint32Array(buffer, 0, slots * HEADER_WORDS);
    this.#lengths = new Uint32Array(buffer, iovecs, slots * IOVEC_WORDS);
    this.#names = new Int32Array(buffer, names, slots * NAME_WORDS);
    this.#data = new Uint8Array(buffer, data);
    new Uint8Array(buffer, 0, data).fill(0);
    const view = new DataView(buffer);
    const pointer = (at: number, target: number) => view.setBigUint64(at, address + BigInt(target), true);
    for (let slot = 0; slot < slots; slot += 1) {
      const header = slot * HEADER_WORDS;
      const iovec = slot * IOVEC_WORDS;
      pointer((header + NAME_POINTER) * 4, names + slot * SOCKADDR_BYTES);
      pointer((header + IOVEC_POINTER) * 4, iovecs + iovec * 4);
      pointer(iovecs + iovec * 4, data + slot * slotBytes);
      this.#words[header + NAME_LENGTH] = SOCKADDR_BYTES;
      this.#words[header + IOVEC_COUNT] = 1;
      this.#lengths[iovec + IOVEC_LENGTH] = slotBytes;
    }
  }

  /** @param name two words */
  put(slot: number, data: Uint8Array, name: Int32Array): void {
    this.#data.set(data, slot * this.slotBytes);
    this.#lengths[slot * IOVEC_WORDS + IOVEC_LENGTH] = data.length;
    this.#names[slot * NAME_WORDS] = name[0]!;
    this.#names[slot * NAME_WORDS + 1] = name[1]!;
  }

  /** What was put. */
  sent(slot: number): Uint8Array {
    return this.#view(slot, this.#lengths[slot * IOVEC_WORDS + IOVEC_LENGTH]!);
  }

  /** What the kernel put. */
  received(slot: number): Uint8Array {
    return this.#view(slot, this.#words[slot * HEADER_WORDS + RESULT_BYTES]!);
  }

  nameOf(slot: number, name: Int32Array): void {
    name[0] = this.#names[slot * NAME_WORDS]!;
    name[1] = this.#names[slot * NAME_WORDS + 1]!;
  }

  headersFrom(slot: number): Uint8Array {
    return slot === 0 ? this.headers : this.headers.subarray(slot * HEADER_WORDS * 4);
  }

  #view(slot: number, lengthBytes: number): Uint8Array {
    const start = slot * this.slotBytes;
    return this.#data.subarray(start, start + lengthBytes);
  }
}
