import type { Endpoint } from '../domain/ports.ts';
import type { Libc } from './libc.ts';
import { MessageRing } from './message-ring.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL } from './socket-options.ts';

const SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
const MOST_MESSAGES = 64;
/** Windows of TFTP's; any datagram fits. */
const MOST_BYTES = 256 * 1024;

/** Hears, in a later microtask, how a send went. Undefined: nobody asked. */
export type SendDone = ((error: Error | null) => void) | undefined;

/** What one send is to bring to its receiver. `data` is only valid during the call that it is handed to. */
export interface Send {
  readonly data: Uint8Array;
  readonly to: Endpoint;
  readonly done: SendDone;
  /** 0: one datagram; else the kernel cuts it into datagrams of this size (UDP_SEGMENT), the last may be shorter. */
  readonly segmentBytes: number;
}

/** Gets what the kernel did not take, to try it by itself. */
export type SendAlone = (send: Send, errno: string) => void;

/** Sends of one socket that leave in one call: above all the answers to one burst. All sockets use the same one in turn. */
export class SendBatch {
  readonly #libc: Libc;
  readonly #ring: MessageRing;
  /** Their bytes are in the ring by now, one behind the other. */
  readonly #waiting: Send[] = [];
  #usedBytes = 0;
  /** Whose they are. */
  #descriptor = -1;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#ring = new MessageRing(libc, MOST_MESSAGES, MOST_BYTES);
  }

  /**
   * @param name first two words of the receiver's sockaddr
   * @returns false: there is no room for it, or another socket's sends are in it
   */
  add(descriptor: number, name: Int32Array, send: Send): boolean {
    const index = this.#waiting.length;
    const offset = this.#usedBytes;
    const isTaken = index > 0 && this.#descriptor !== descriptor;
    if (isTaken || index === MOST_MESSAGES || offset + send.data.length > MOST_BYTES) return false;
    this.#descriptor = descriptor;
    this.#ring.write(index, offset, send.data, name, send.segmentBytes);
    this.#usedBytes = offset + send.data.length;
    this.#waiting.push(send);
    return true;
  }

  /** Sends this socket's. */
  flush(descriptor: number, alone: SendAlone): void {
    if (this.#descriptor !== descriptor) return;
    const count = this.#waiting.length;
    let offset = 0;
    for (let index = 0; index < count; ) {
      const sent = this.#libc.sendmmsg(descriptor, this.#ring.headersFrom(index), count - index, SEND_FLAGS);
      const isRefused = sent <= 0;
      // An error is that of the first alone; those behind it may fare better.
      const end = isRefused ? index + 1 : index + sent;
      if (isRefused) {
        const send = this.#waiting[index]!;
        alone({ ...send, data: this.#ring.bytes(offset, send.data.length) }, this.#libc.errno());
      }
      for (; index < end; index += 1) {
        const { data, done } = this.#waiting[index]!;
        if (!isRefused && done !== undefined) queueMicrotask(() => done(null));
        offset += data.length;
      }
    }
    this.#waiting.length = 0;
    this.#usedBytes = 0;
  }
}
