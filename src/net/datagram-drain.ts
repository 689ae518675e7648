import { formatIpv4 } from '../domain/ipv4.ts';
import type { Endpoint } from '../domain/ports.ts';
import type { Libc } from './libc.ts';
import { int32, MSG_DONTWAIT, SOCKADDR_BYTES } from './socket-options.ts';

/** Of one turn, beside the 32 that libuv may bring: other sockets, timers and the API wait meanwhile. */
const MOST_DRAINED = 256;
const LARGEST_DATAGRAM_BYTES = 65_536;
/** Senders whose text is kept. Each machine is a few of them in an hour. */
const MOST_PEERS = 4_096;

/** What all sockets receive into: one at a time does, and what it gives is valid during the call only. */
export interface ReceiveSpace {
  readonly buffer: Uint8Array;
  /** By address and port as one number. */
  readonly peers: Map<number, Endpoint>;
}

export function createReceiveSpace(): ReceiveSpace {
  return { buffer: new Uint8Array(LARGEST_DATAGRAM_BYTES), peers: new Map() };
}

/**
 * Takes what waits behind the datagram that woke us straight from the kernel. Each event of dgram costs an allocation of
 * 64 KiB, and each wake-up a second recvmsg that finds nothing; a burst costs them once.
 */
export class DatagramDrain {
  readonly #libc: Libc;
  readonly #descriptor: number;
  readonly #space: ReceiveSpace;
  readonly #lengthBytes = int32(SOCKADDR_BYTES);
  #left = MOST_DRAINED;
  #turnNoted = false;

  constructor(libc: Libc, descriptor: number, space: ReceiveSpace) {
    this.#libc = libc;
    this.#descriptor = descriptor;
    this.#space = space;
  }

  /**
   * The next datagram, if one waits and the turn has room for it.
   * @param sockaddr where its sender goes
   * @returns its size in bytes, an error's name, or undefined: leave it to the next turn
   */
  next(sockaddr: Uint8Array): number | string | undefined {
    this.#noteTurn();
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    const { buffer } = this.#space;
    const size = this.#libc.recvfrom(
      this.#descriptor,
      buffer,
      LARGEST_DATAGRAM_BYTES,
      MSG_DONTWAIT,
      sockaddr,
      this.#lengthBytes,
    );
    if (size >= 0) return size;
    const errno = this.#libc.errno();
    return errno === 'EAGAIN' || errno === 'EINTR' ? undefined : errno;
  }

  /** A view of what `next` received. */
  data(sizeBytes: number): Uint8Array {
    return this.#space.buffer.subarray(0, sizeBytes);
  }

  /** Who sent it: the same object for the same sender, mostly. */
  peer(sockaddr: Uint8Array): Endpoint {
    const port = (sockaddr[2]! << 8) | sockaddr[3]!;
    const address = ((sockaddr[4]! << 24) | (sockaddr[5]! << 16) | (sockaddr[6]! << 8) | sockaddr[7]!) >>> 0;
    const { peers } = this.#space;
    const key = address * 65_536 + port;
    const known = peers.get(key);
    if (known !== undefined) return known;
    if (peers.size >= MOST_PEERS) peers.clear();
    const peer = { address: formatIpv4(address), port };
    peers.set(key, peer);
    return peer;
  }

  #noteTurn(): void {
    if (this.#turnNoted) return;
    this.#turnNoted = true;
    setImmediate(() => {
      this.#turnNoted = false;
      this.#left = MOST_DRAINED;
    });
  }
}
