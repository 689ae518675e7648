import { formatIpv4, parseIpv4 } from '../../src/domain/ipv4.ts';
import type { Endpoint } from '../../src/domain/ports.ts';
import type { Libc } from '../../src/net/libc.ts';

export interface FakeDatagram {
  readonly data: Uint8Array;
  readonly peer: Endpoint;
}

/** Offsets of struct mmsghdr and struct msghdr, on a 64-bit machine. */
const HEADER_BYTES = 64;
const NAME_LENGTH = 8;
const IOVEC = 16;
const IOVEC_COUNT = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const FLAGS = 48;
const RESULT = 56;
const MSG_TRUNC = 0x20;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const FIRST_ADDRESS = 0x7f00_0000_1000n;

/** A kernel's side of UDP: it reads and writes the structs that it is given, by their pointers alone. */
export class FakeLibc implements Libc {
  /** What each following recvmmsg may take; a text is the error of the call that meets it first. */
  readonly waiting: (FakeDatagram | string)[] = [];
  /** As they leave, cut into segments. */
  readonly sent: FakeDatagram[] = [];
  /** Of each call that sent. */
  readonly descriptors: number[] = [];
  /** Of all system calls, by name. */
  readonly calls: string[] = [];
  /** What happens to a datagram: an errno, or undefined, and it leaves. */
  fate: (datagram: FakeDatagram, call: 'sendmmsg' | 'sendto', segmentBytes: number) => string | undefined = () =>
    undefined;
  /** sendmmsg takes no more of a batch. */
  mostOfBatch = Number.POSITIVE_INFINITY;
  /** Datagrams that were cut because their slot was too small. */
  truncated = 0;
  readonly #blocks: { readonly address: bigint; readonly buffer: ArrayBuffer }[] = [];
  #nextAddress = FIRST_ADDRESS;
  #errno = 'EINVAL';

  memory(sizeBytes: number) {
    const block = { address: this.#nextAddress, buffer: new ArrayBuffer(sizeBytes) };
    // What malloc gives is not always zero.
    new Uint8Array(block.buffer).fill(0xa5);
    this.#nextAddress += BigInt(sizeBytes + 4096);
    this.#blocks.push(block);
    return block;
  }

  recvmmsg(_descriptor: number, headers: Uint8Array, count: number): number {
    this.calls.push('recvmmsg');
    let got = 0;
    for (; got < count; got += 1) {
      const next = this.waiting[0];
      if (typeof next !== 'object') break;
      this.waiting.shift();
      this.#deliver(headerOf(headers, got), next);
    }
    if (got > 0) return got;
    const error = this.waiting.shift();
    return this.#failed(typeof error === 'string' ? error : 'EAGAIN');
  }

  sendmmsg(descriptor: number, headers: Uint8Array, count: number): number {
    this.calls.push('sendmmsg');
    this.descriptors.push(descriptor);
    for (let index = 0; index < count; index += 1) {
      if (index >= this.mostOfBatch) return index;
      const header = headerOf(headers, index);
      const { at, length } = this.#iovec(header);
      const name = this.#at(header.getBigUint64(0, true), header.getUint32(NAME_LENGTH, true));
      const datagram = { data: this.#at(at, length).slice(), peer: endpointOf(name) };
      const segmentBytes = this.#segmentBytes(header);
      const errno = this.fate(datagram, 'sendmmsg', segmentBytes);
      // As Linux: the error is told only where nothing left.
      if (errno !== undefined) return index > 0 ? index : this.#failed(errno);
      header.setUint32(RESULT, length, true);
      const step = segmentBytes === 0 ? Math.max(1, length) : segmentBytes;
      for (let offset = 0; offset < Math.max(1, length); offset += step) {
        this.sent.push({ ...datagram, data: datagram.data.subarray(offset, offset + step) });
      }
    }
    return count;
  }

  sendto(descriptor: number, data: Uint8Array, lengthBytes: number, _flags: number, address: Uint8Array): number {
    this.calls.push('sendto');
    this.descriptors.push(descriptor);
    const datagram = { data: data.slice(0, lengthBytes), peer: endpointOf(address) };
    const errno = this.fate(datagram, 'sendto', 0);
    if (errno !== undefined) return this.#failed(errno);
    this.sent.push(datagram);
    return lengthBytes;
  }

  recv(): number {
    return this.#failed('EAGAIN');
  }

  setsockopt(): number {
    this.calls.push('setsockopt');
    return 0;
  }

  errno(): string {
    return this.#errno;
  }

  socket(): number {
    return this.#failed('EMFILE');
  }

  bind(): number {
    return this.#failed('EINVAL');
  }

  sendfile(): number {
    return this.#failed('EINVAL');
  }

  ioctl(): number {
    return this.#failed('EINVAL');
  }

  close(): number {
    return 0;
  }

  interfaceAddresses() {
    return [];
  }

  #deliver(header: DataView, { data, peer }: FakeDatagram): void {
    if (header.getBigUint64(CONTROL_LENGTH, true) !== 0n) throw new Error('no control data was asked for');
    const { at, length } = this.#iovec(header);
    const taken = data.subarray(0, length);
    if (taken.length < data.length) this.truncated += 1;
    this.#at(at, length).set(taken);
    const name = this.#at(header.getBigUint64(0, true), header.getUint32(NAME_LENGTH, true));
    name.fill(0);
    name[0] = 2;
    new DataView(name.buffer, name.byteOffset).setUint16(2, peer.port);
    new DataView(name.buffer, name.byteOffset).setUint32(4, parseIpv4(peer.address) ?? 0);
    header.setUint32(FLAGS, taken.length < data.length ? MSG_TRUNC : 0, true);
    header.setUint32(RESULT, taken.length, true);
  }

  #iovec(header: DataView): { readonly at: bigint; readonly length: number } {
    if (header.getBigUint64(IOVEC_COUNT, true) !== 1n) throw new Error('one iovec for each datagram');
    const iovec = this.#at(header.getBigUint64(IOVEC, true), 16);
    const view = new DataView(iovec.buffer, iovec.byteOffset);
    return { at: view.getBigUint64(0, true), length: Number(view.getBigUint64(8, true)) };
  }

  /** Of the struct cmsghdr, 0 where there is none. */
  #segmentBytes(header: DataView): number {
    const length = Number(header.getBigUint64(CONTROL_LENGTH, true));
    if (length === 0) return 0;
    const bytes = this.#at(header.getBigUint64(CONTROL, true), length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, length);
    const isKnown = view.getInt32(8, true) === SOL_UDP && view.getInt32(12, true) === UDP_SEGMENT;
    if (!isKnown || view.getBigUint64(0, true) !== 18n) throw new Error('EINVAL: not the control data of UDP_SEGMENT');
    return view.getUint16(16, true);
  }

  /** Memory by its address. Beside what was given out: a segmentation fault. */
  #at(address: bigint, length: number): Uint8Array {
    for (const block of this.#blocks) {
      const offset = Number(address - block.address);
      if (offset >= 0 && offset + length <= block.buffer.byteLength)
        return new Uint8Array(block.buffer, offset, length);
    }
    throw new Error(`EFAULT: ${length} bytes at ${address.toString(16)}`);
  }

  #failed(errno: string): number {
    this.#errno = errno;
    return -1;
  }
}

function headerOf(headers: Uint8Array, index: number): DataView {
  return new DataView(headers.buffer, headers.byteOffset + index * HEADER_BYTES, HEADER_BYTES);
}

/** Of a struct sockaddr_in. */
function endpointOf(name: Uint8Array): Endpoint {
  if (name.length !== 16 || name[0] !== 2 || name[1] !== 0) throw new Error(`no sockaddr_in: ${name}`);
  const view = new DataView(name.buffer, name.byteOffset);
  return { address: formatIpv4(view.getUint32(4)), port: view.getUint16(2) };
}
