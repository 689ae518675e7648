import type { Socket } from 'node:dgram';
import { parseIpv4 } from '../domain/ipv4.ts';
import type { Endpoint } from '../domain/ports.ts';
import { PlainDatagramSocket } from './datagram-socket.ts';
import type { Libc } from './libc.ts';
import { ReceiveBatch } from './receive-batch.ts';
import { type Send, SendBatch, type SendDone } from './send-batch.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL, SOCKADDR_BYTES, sockaddrIn } from './socket-options.ts';

/** Of one turn, beside the 32 that libuv may bring: other sockets, timers and the API wait meanwhile. */
const MOST_RECEIVED = 256;

/** What the sockets of a host receive bursts into and answer them with: one socket at a time. */
export interface Bursts {
  readonly libc: Libc;
  readonly received: ReceiveBatch;
  readonly answers: SendBatch;
}

export function createBursts(libc: Libc): Bursts {
  return { libc, received: new ReceiveBatch(libc), answers: new SendBatch(libc) };
}

/**
 * A socket whose descriptor we opened: dgram waits, and brings the first datagram of a burst. The rest is taken from the
 * kernel many at once, and so are the answers that the listener sends meanwhile: an event of dgram costs an allocation
 * of 64 KiB and a second recvmsg that finds nothing. Other sends go straight to the kernel, which takes the bytes at
 * once; that spares a request object, a copy and a callback for each.
 */
export class NativeDatagramSocket extends PlainDatagramSocket {
  readonly #bursts: Bursts;
  readonly #descriptor: number;
  /** struct sockaddr_in of the peer that was last heard or spoken to. */
  readonly #address = sockaddrIn(0, 0);
  /** The two words of it that differ. */
  readonly #name = new Int32Array(this.#address.buffer, 0, 2);
  #lastAddress = '';
  #lastPort = -1;
  /** The largest size that the kernel cuts a send into. */
  #mostSegmentBytes = Number.POSITIVE_INFINITY;
  #inBurst = false;
  /** For datagrams of this turn. */
  #room = MOST_RECEIVED;

  constructor(socket: Socket, bursts: Bursts, descriptor: number) {
    super(socket);
    this.#bursts = bursts;
    this.#descriptor = descriptor;
  }

  override send(data: Uint8Array, to: Endpoint, done?: (error: Error | null) => void): void {
    // A closed descriptor's number may be another file's by now.
    if (this.closed || !this.#aim(to)) this.enqueue(data, to, done);
    else if (!this.#inBurst || !this.#batch({ data, to, done, segmentBytes: 0 })) this.#sendNow(data, to, done);
  }

  override sendSegments(data: Uint8Array, segmentBytes: number, to: Endpoint): void {
    const canCut = data.length > segmentBytes && segmentBytes <= this.#mostSegmentBytes && !this.closed;
    if (!canCut || !this.#aim(to) || !this.#batch({ data, to, done: undefined, segmentBytes })) {
      super.sendSegments(data, segmentBytes, to);
    } else if (!this.#inBurst) {
      this.#flush();
    }
  }

  override close(): void {
    if (this.#inBurst && !this.closed) this.#flush();
    super.close();
  }

  protected override received(data: Uint8Array, from: Endpoint): void {
    this.#inBurst = true;
    try {
      super.received(data, from);
      if (!this.closed) this.#drain();
    } finally {
      if (!this.closed) this.#flush();
      this.#inBurst = false;
    }
  }

  /** What waits behind the first datagram. */
  #drain(): void {
    const { received } = this.#bursts;
    while (this.#room > 0) {
      const got = received.fill(this.#descriptor, this.#room);
      if (typeof got === 'string') this.settle(new Error(`recvmmsg ${got}`), undefined);
      if (typeof got === 'string' || got === 0) return;
      this.#takeRoom(got);
      if (!this.#hearAll(got)) return;
      this.#flush();
    }
  }

  #takeRoom(count: number): void {
    if (this.#room === MOST_RECEIVED) {
      setImmediate(() => {
        this.#room = MOST_RECEIVED;
      });
    }
    this.#room -= count;
  }

  /** False: whoever heard has closed the socket; then its descriptor's number may be another file's. */
  #hearAll(count: number): boolean {
    const { received } = this.#bursts;
    for (let index = 0; index < count; index += 1) {
      const peer = received.peer(index, this.#name);
      this.#lastAddress = peer.address;
      this.#lastPort = peer.port;
      super.received(received.data(index), peer);
      if (this.closed) return false;
    }
    return true;
  }

  /** False: it has to go by itself; what was sent before has gone then. */
  #batch(send: Send): boolean {
    const { answers } = this.#bursts;
    if (answers.add(this.#descriptor, this.#name, send)) return true;
    this.#flush();
    // A send that failed is sent again, and then the address is another's.
    return this.#aim(send.to) && answers.add(this.#descriptor, this.#name, send);
  }

  #flush(): void {
    this.#bursts.answers.flush(this.#descriptor, this.#alone);
  }

  /**
   * What sendmmsg did not take. It meets its error again, so nobody has to know here which errors pass, and which are
   * those of a sandbox that knows no sendmmsg.
   */
  readonly #alone = ({ data, to, done, segmentBytes }: Send, errno: string): void => {
    if (!this.#aim(to)) return;
    if (segmentBytes === 0) {
      this.#sendNow(data, to, done);
      return;
    }
    // Larger than the path's MTU (then each one has to be fragmented).
    if (errno === 'EINVAL' || errno === 'EMSGSIZE') this.#mostSegmentBytes = segmentBytes - 1;
    // The interface has no checksum offload.
    if (errno === 'EIO' || errno === 'EOPNOTSUPP') this.#mostSegmentBytes = 0;
    for (let offset = 0; offset < data.length; offset += segmentBytes) {
      this.#sendNow(data.subarray(offset, offset + segmentBytes), to, undefined);
    }
  };

  #sendNow(data: Uint8Array, to: Endpoint, done: SendDone): void {
    const errno = this.#transmit(data);
    if (errno === undefined) {
      if (done !== undefined) queueMicrotask(() => done(null));
    } else if (errno === 'EAGAIN' || errno === 'EINTR') {
      this.enqueue(data, to, done);
    } else {
      this.settle(new Error(`send ${errno} ${to.address}:${to.port}`), done, to);
    }
  }

  #transmit(data: Uint8Array): string | undefined {
    const { libc } = this.#bursts;
    const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const sent = libc.sendto(this.#descriptor, data, data.length, flags, this.#address, SOCKADDR_BYTES);
    return sent < 0 ? libc.errno() : undefined;
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
}
