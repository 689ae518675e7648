import type { Endpoint } from '../domain/ports.ts';
import type { Libc } from './libc.ts';
import { MessageRing } from './message-ring.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL } from './socket-options.ts';

const SLOTS = 64;
/** An Ethernet frame. Larger ones are sent by themselves. */
const SLOT_BYTES = 2_048;

/** Hears, in a later microtask, how a send went. Undefined: nobody asked. */
export type SendDone = ((error: Error | null) => void) | undefined;

/** Sends a datagram by itself. `data` is only valid during the call. */
export type SendAlone = (data: Uint8Array, to: Endpoint, done: SendDone) => void;

/** Answers to one burst, sent in one call. All sockets use the same one: it is empty when a burst is over. */
export class SendBatch {
  readonly #libc: Libc;
  readonly #ring: MessageRing;
  readonly #to: Endpoint[] = [];
  readonly #done: SendDone[] = [];

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#ring = new MessageRing(libc, SLOTS, SLOT_BYTES);
  }

  /**
   * @param name first two words of the receiver's sockaddr
   * @returns false: there is no room for it
   */
  add(data: Uint8Array, name: Int32Array, to: Endpoint, done: SendDone): boolean {
    const slot = this.#to.length;
    if (slot === SLOTS || data.length > SLOT_BYTES) return false;
    this.#ring.put(slot, data, name);
    this.#to.push(to);
    this.#done.push(done);
    return true;
  }

  /**
   * @param alone gets what the kernel did not take, one by one. It meets the error again, and so nobody has to know here
   *   which errors pass, and which are those of a sandbox that knows no sendmmsg.
   */
  flush(descriptor: number, alone: SendAlone): void {
    const count = this.#to.length;
    for (let first = 0; first < count; ) {
      const headers = this.#ring.headersFrom(first);
      const sent = this.#libc.sendmmsg(descriptor, headers, count - first, MSG_DONTWAIT | MSG_NOSIGNAL);
      for (let slot = first; slot < first + sent; slot += 1) {
        const done = this.#done[slot];
        if (done !== undefined) queueMicrotask(() => done(null));
      }
      if (sent > 0) {
        first += sent;
      } else {
        // An error is that of the first alone; those behind it may fare better.
        alone(this.#ring.sent(first), this.#to[first]!, this.#done[first]);
        first += 1;
      }
    }
    this.#to.length = 0;
    this.#done.length = 0;
  }
}
