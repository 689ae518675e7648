import type { Socket } from 'node:dgram';
import { parseIpv4 } from '../domain/ipv4.ts';
import type { Endpoint, SegmentingSocket } from '../domain/ports.ts';
import type { SendDone } from './send-batch.ts';

/** Sends that wait for room in the kernel's buffer. Beyond it a datagram is lost, as on a full wire. */
const MOST_WAITING_SENDS = 256;

type MessageListener = (data: Uint8Array, from: Endpoint) => void;

/** A socket that dgram opened itself: where the C library can't be called. */
export class PlainDatagramSocket implements SegmentingSocket {
  readonly local: Endpoint;
  protected readonly socket: Socket;
  #hear: MessageListener | undefined;
  #fail: ((error: Error, to?: Endpoint) => void) | undefined;
  #closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
    // An 'error' that nobody hears would end the process.
    socket.on('error', (error) => this.#fail?.(error));
    socket.on('message', (data, from) => this.received(data, from));
  }

  onMessage(listener: MessageListener): void {
    this.#hear = listener;
  }

  onError(listener: (error: Error, to?: Endpoint) => void): void {
    this.#fail = listener;
  }

  send(data: Uint8Array, to: Endpoint, done?: (error: Error | null) => void): void {
    this.enqueue(data, to, done);
  }

  sendSegments(data: Uint8Array, segmentBytes: number, to: Endpoint): void {
    for (let offset = 0; offset < data.length; offset += segmentBytes) {
      this.send(data.subarray(offset, offset + segmentBytes), to);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.socket.close();
  }

  protected received(data: Uint8Array, from: Endpoint): void {
    this.#hear?.(data, from);
  }

  protected get closed(): boolean {
    return this.#closed;
  }

  /** By dgram, which waits until there is room. It needs the bytes until then, hence the copy. */
  protected enqueue(data: Uint8Array, to: Endpoint, done: SendDone): void {
    const errno = this.#refusal(to);
    if (errno !== undefined) this.settle(new Error(`send ${errno} ${to.address}:${to.port}`), done, to);
    else this.socket.send(Uint8Array.from(data), to.port, to.address, (error) => this.settle(error, done, to));
  }

  #refusal(to: Endpoint): string | undefined {
    if (this.#closed) return 'EBADF';
    // dgram would ask DNS for anything but a dotted quad.
    if (parseIpv4(to.address) === undefined) return 'EINVAL';
    return this.socket.getSendQueueCount() >= MOST_WAITING_SENDS ? 'ENOBUFS' : undefined;
  }

  /** @param to undefined: it is no send that failed */
  protected settle(error: Error | null, done: SendDone, to?: Endpoint): void {
    if (done !== undefined) queueMicrotask(() => done(error));
    else if (error !== null && !this.#closed) queueMicrotask(() => this.#fail?.(error, to));
  }
}
