import type { Libc } from './libc.ts';
import { SOCKADDR_BYTES, SOL_UDP, UDP_SEGMENT } from './socket-options.ts';

/** struct mmsghdr (recvmmsg(2)) of a 64-bit machine, in words of 4 bytes. */
const HEADER_WORDS = 16;
const NAME_POINTER = 0;
const NAME_LENGTH = 2;
const IOVEC_POINTER = 4;
const IOVEC_COUNT = 6;
const CONTROL_POINTER = 8;
const CONTROL_LENGTH = 10;
const RESULT_BYTES = 14;
/** struct iovec: pointer and length, 8 bytes each. */
const IOVEC_WORDS = 4;
const IOVEC_LENGTH = 2;
const NAME_WORDS = SOCKADDR_BYTES / 4;
/** struct cmsghdr (cmsg(3)) with the 16 bits of UDP_SEGMENT: length of 8 bytes, level, type, value, padding. */
const CONTROL_WORDS = 6;
const CONTROL_USED_BYTES = 18;
const CONTROL_LEVEL = 2;
const CONTROL_TYPE = 3;
const CONTROL_VALUE = 4;
const WORD_VALUES = 2 ** 32;

/**
 * Messages that go to or come from the kernel many in one call, with their senders or receivers, and the memory for
 * their bytes. A page of that takes memory once it was touched: large datagrams are rare.
 */
export class MessageRing {
  readonly headers: Uint8Array;
  readonly #headers: Uint32Array;
  readonly #iovecs: Uint32Array;
  /** struct sockaddr_in, of which the first two words count: family and port, address. As they are on the wire. */
  readonly #names: Int32Array;
  readonly #controls: Uint32Array;
  readonly #data: Uint8Array;
  readonly #dataAddress: number;

  constructor(libc: Libc, messages: number, dataBytes: number) {
    const iovecs = messages * HEADER_WORDS * 4;
    const names = iovecs + messages * IOVEC_WORDS * 4;
    const controls = names + messages * SOCKADDR_BYTES;
    const data = controls + messages * CONTROL_WORDS * 4;
    const { buffer, address } = libc.memory(data + dataBytes);
    new Uint8Array(buffer, 0, data).fill(0);
    this.headers = new Uint8Array(buffer, 0, iovecs);
    this.#headers = new Uint32Array(buffer, 0, messages * HEADER_WORDS);
    this.#iovecs = new Uint32Array(buffer, iovecs, messages * IOVEC_WORDS);
    this.#names = new Int32Array(buffer, names, messages * NAME_WORDS);
    this.#controls = new Uint32Array(buffer, controls, messages * CONTROL_WORDS);
    this.#data = new Uint8Array(buffer, data);
    // Addresses of a process have 47 bits: a number holds them.
    const base = Number(address);
    this.#dataAddress = base + data;
    for (let index = 0; index < messages; index += 1) {
      const header = index * HEADER_WORDS;
      const control = index * CONTROL_WORDS;
      setPointer(this.#headers, header + NAME_POINTER, base + names + index * SOCKADDR_BYTES);
      setPointer(this.#headers, header + IOVEC_POINTER, base + iovecs + index * IOVEC_WORDS * 4);
      setPointer(this.#headers, header + CONTROL_POINTER, base + controls + control * 4);
      this.#headers[header + NAME_LENGTH] = SOCKADDR_BYTES;
      this.#headers[header + IOVEC_COUNT] = 1;
      this.#controls[control] = CONTROL_USED_BYTES;
      this.#controls[control + CONTROL_LEVEL] = SOL_UDP;
      this.#controls[control + CONTROL_TYPE] = UDP_SEGMENT;
    }
  }

  /** Where a message's bytes are, or go. */
  place(index: number, offset: number, lengthBytes: number): void {
    setPointer(this.#iovecs, index * IOVEC_WORDS, this.#dataAddress + offset);
    this.#iovecs[index * IOVEC_WORDS + IOVEC_LENGTH] = lengthBytes;
  }

  bytes(offset: number, lengthBytes: number): Uint8Array {
    return this.#data.subarray(offset, offset + lengthBytes);
  }

  /**
   * Writes a message that is to be sent.
   * @param offset of its bytes
   * @param name two words
   * @param segmentBytes 0: one datagram; else the kernel cuts it into datagrams of this size
   */
  write(index: number, offset: number, data: Uint8Array, name: Int32Array, segmentBytes: number): void {
    this.#data.set(data, offset);
    this.place(index, offset, data.length);
    this.#names[index * NAME_WORDS] = name[0]!;
    this.#names[index * NAME_WORDS + 1] = name[1]!;
    this.#headers[index * HEADER_WORDS + CONTROL_LENGTH] = segmentBytes === 0 ? 0 : CONTROL_WORDS * 4;
    this.#controls[index * CONTROL_WORDS + CONTROL_VALUE] = segmentBytes;
  }

  /** Of a message that was received. */
  receivedBytes(index: number): number {
    return this.#headers[index * HEADER_WORDS + RESULT_BYTES]!;
  }

  /** @param name where its two words go */
  readName(index: number, name: Int32Array): void {
    name[0] = this.#names[index * NAME_WORDS]!;
    name[1] = this.#names[index * NAME_WORDS + 1]!;
  }

  headersFrom(index: number): Uint8Array {
    return index === 0 ? this.headers : this.headers.subarray(index * HEADER_WORDS * 4);
  }
}

function setPointer(words: Uint32Array, at: number, address: number): void {
  words[at] = address % WORD_VALUES;
  words[at + 1] = Math.floor(address / WORD_VALUES);
}
