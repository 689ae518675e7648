import { formatIpv4 } from '../domain/ipv4.ts';
import type { Endpoint } from '../domain/ports.ts';
import type { Libc } from './libc.ts';
import { MessageRing } from './message-ring.ts';
import { MSG_DONTWAIT } from './socket-options.ts';

const SLOTS = 64;
/** Larger than any datagram: nothing is cut. */
const SLOT_BYTES = 65_536;
/** Senders whose text is kept. Each machine is a few of them in an hour. */
const MOST_PEERS = 4_096;

/** What all sockets receive into, one at a time: what it gives is valid until the next `fill`. */
export class ReceiveBatch {
  readonly #libc: Libc;
  readonly #ring: MessageRing;
  /** By address and port as one number. */
  readonly #peers = new Map<number, Endpoint>();
  #refused = false;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#ring = new MessageRing(libc, SLOTS, SLOTS * SLOT_BYTES);
    for (let slot = 0; slot < SLOTS; slot += 1) this.#ring.place(slot, slot * SLOT_BYTES, SLOT_BYTES);
  }

  /** @returns how many datagrams came, at most `most`, or the error's name. 0: the rest comes by dgram. */
  fill(descriptor: number, most: number): number | string {
    if (this.#refused) return 0;
    const asked = Math.min(most, SLOTS);
    const got = this.#libc.recvmmsg(descriptor, this.#ring.headers, asked, MSG_DONTWAIT, null);
    if (got >= 0) return got;
    const errno = this.#libc.errno();
    // A sandbox (seccomp) that knows no recvmmsg; no socket says so.
    this.#refused = errno === 'ENOSYS' || errno === 'EPERM';
    return this.#refused || errno === 'EAGAIN' || errno === 'EINTR' ? 0 : errno;
  }

  data(index: number): Uint8Array {
    return this.#ring.bytes(index * SLOT_BYTES, this.#ring.receivedBytes(index));
  }

  /**
   * Who sent it: the same object for the same sender, mostly.
   * @param name where the first two words of its sockaddr go
   */
  peer(index: number, name: Int32Array): Endpoint {
    this.#ring.readName(index, name);
    const port = swap16(name[0]! >>> 16);
    const address = swap32(name[1]!);
    const key = address * 65_536 + port;
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    if (this.#peers.size >= MOST_PEERS) this.#peers.clear();
    const peer = { address: formatIpv4(address), port };
    this.#peers.set(key, peer);
    return peer;
  }
}

/** From network order. */
function swap16(value: number): number {
  return ((value & 0xff) << 8) | (value >>> 8);
}

function swap32(value: number): number {
  return ((swap16(value & 0xffff) << 16) | swap16(value >>> 16)) >>> 0;
}
