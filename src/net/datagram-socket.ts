import type { Socket } from 'node:dgram';
import { parseIpv4 } from '../domain/ipv4.ts';
import type { Endpoint, SegmentingSocket } from '../domain/ports.ts';
import { DatagramDrain, type ReceiveSpace } from './datagram-drain.ts';
import type { Libc } from './libc.ts';
import {
  int32,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCKADDR_BYTES,
  SOL_UDP,
  sockaddrIn,
  UDP_SEGMENT,
} from './socket-options.ts';

/** Sends that wait for room in the kernel's buffer. Beyond it a datagram is lost, as on a full wire. */
const MOST_WAITING_SENDS = 256;

type MessageListener = (data: Uint8Array, from: Endpoint) => void;

/** A socket that dgram opened itself: where the C library can't be called. */
export class PlainDatagramSocket implements SegmentingSocket {
  readonly local: Endpoint;
  protected readonly socket: Socket;
  #hear: MessageListener | undefined;
  #fail: ((error: Error) => void) | undefined;
  #closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
    // An 'error' that nobody hears would end the process.
    socket.on('error', (error) => this.#fail?.(error));
    socket.on('message', (data, from) => this.received(data, from));
  }

  get segmentBytes(): number | undefined {
    return undefined;
  }

  onMessage(listener: MessageListener): void {
    this.#hear = listener;
  }

  onError(listener: (error: Error) => void): void {
    this.#fail = listener;
  }

  send(data: Uint8Array, to: Endpoint, done?: (error: Error | null) => void): void {
    this.enqueue(data, to, done);
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
  protected enqueue(data: Uint8Array, to: Endpoint, done: ((error: Error | null) => void) | undefined): void {
    const errno = this.#refusal(to);
    if (errno !== undefined) this.settle(new Error(`send ${errno} ${to.address}:${to.port}`), done);
    else this.socket.send(Uint8Array.from(data), to.port, to.address, (error) => this.settle(error, done));
  }

  #refusal(to: Endpoint): string | undefined {
    if (this.#closed) return 'EBADF';
    // dgram would ask DNS for anything but a dotted quad.
    if (parseIpv4(to.address) === undefined) return 'EINVAL';
    return this.socket.getSendQueueCount() >= MOST_WAITING_SENDS ? 'ENOBUFS' : undefined;
  }

  protected settle(error: Error | null, done: ((error: Error | null) => void) | undefined): void {
    if (done !== undefined) queueMicrotask(() => done(error));
    else if (error !== null && !this.#closed) queueMicrotask(() => this.#fail?.(error));
  }
}

/**
 * A socket whose descriptor we opened: dgram waits and receives the first datagram of a burst, the rest is taken from
 * the kernel; sends go straight to it, and it takes the bytes at once. That spares a request object, a copy and a
 * callback for each datagram.
 */
export class NativeDatagramSocket extends PlainDatagramSocket {
  readonly #libc: Libc;
  readonly #descriptor: number;
  readonly #drain: DatagramDrain;
  /** Of the peer that was last heard or spoken to. */
  readonly #address = new Uint8Array(SOCKADDR_BYTES);
  #lastAddress = '';
  #lastPort = -1;
  #segmentBytes: number | undefined;

  constructor(socket: Socket, libc: Libc, descriptor: number, segmentBytes: number | undefined, space: ReceiveSpace) {
    super(socket);
    this.#drain = new DatagramDrain(libc, descriptor, space);
    this.#libc = libc;
    this.#descriptor = descriptor;
    this.#segmentBytes = segmentBytes;
  }

  override get segmentBytes(): number | undefined {
    return this.#segmentBytes;
  }

  override send(data: Uint8Array, to: Endpoint, done?: (error: Error | null) => void): void {
    // A closed descriptor's number may be another file's by now.
    const errno = this.closed || !this.#aim(to) ? 'EBADF' : this.#transmit(data);
    if (errno === undefined) {
      if (done !== undefined) queueMicrotask(() => done(null));
    } else if (errno === 'EAGAIN' || errno === 'EBADF') {
      this.enqueue(data, to, done);
    } else if (this.#segmentBytes !== undefined && isSegmentationRefused(errno)) {
      this.#sendPieces(data, this.#segmentBytes, to, done);
    } else {
      this.settle(new Error(`send ${errno} ${to.address}:${to.port}`), done);
    }
  }

  protected override received(data: Uint8Array, from: Endpoint): void {
    super.received(data, from);
    // Whoever hears may close the socket, and then its descriptor's number may be another file's.
    while (!this.closed) {
      const size = this.#drain.next(this.#address);
      if (size === undefined) return;
      if (typeof size === 'string') {
        this.settle(new Error(`recvfrom ${size}`), undefined);
        return;
      }
      const peer = this.#drain.peer(this.#address);
      this.#lastAddress = peer.address;
      this.#lastPort = peer.port;
      super.received(this.#drain.data(size), peer);
    }
  }

  #transmit(data: Uint8Array): string | undefined {
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = this.#libc.sendto(this.#descriptor, data, data.length, flags, this.#address, SOCKADDR_BYTES);
    return sent < 0 ? this.#libc.errno() : undefined;
  }

  /** False: not a dotted quad. A socket mostly speaks to one peer. */
  #aim(to: Endpoint): boolean {
    if (to.address === this.#lastAddress && to.port === this.#lastPort) return true;
    const address = parseIpv4(to.address);
    if (address === undefined) return false;
    sockaddrIn(address, to.port, this.#address);
    this.#lastAddress = to.address;
    this.#lastPort = to.port;
    return true;
  }

  /**
   * The kernel took UDP_SEGMENT but refuses the send: a segment is larger than the path's MTU (then each block has to
   * be fragmented), or the interface has no checksum offload. From here on one by one.
   */
  #sendPieces(
    data: Uint8Array,
    segmentBytes: number,
    to: Endpoint,
    done: ((error: Error | null) => void) | undefined,
  ): void {
    this.#segmentBytes = undefined;
    this.#libc.setsockopt(this.#descriptor, SOL_UDP, UDP_SEGMENT, int32(0), 4);
    for (let offset = 0; offset < data.length; offset += segmentBytes) {
      const end = Math.min(offset + segmentBytes, data.length);
      this.send(data.subarray(offset, end), to, end === data.length ? done : undefined);
    }
  }
}

function isSegmentationRefused(errno: string): boolean {
  return errno === 'EINVAL' || errno === 'EIO' || errno === 'EMSGSIZE' || errno === 'EOPNOTSUPP';
}
