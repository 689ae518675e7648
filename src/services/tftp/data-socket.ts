import { encodeError } from '../../codecs/tftp/encode.ts';
import { TftpErrorCode, TftpOp } from '../../codecs/tftp/packet.ts';
import type { Clock, Endpoint, SegmentingSocket } from '../../domain/ports.ts';
import { EndpointMap } from './endpoint-map.ts';

/** Answers to packets of nobody's transfer, in one second. */
const MOST_STRANGERS = 16;
const STRANGERS_WITHIN_MS = 1_000;
/** Clients that may still have something to say after their transfer's end. */
const MOST_FORMER = 1_024;

/**
 * A socket that sends files to one client or more. A transfer is known by both its ports (RFC 1350 section 4), so those
 * of different clients may share ours: each has an end of its own, that hears its client alone.
 */
export class DataSocket {
  readonly #clock: Clock;
  readonly #opening: Promise<SegmentingSocket>;
  readonly #onEmpty: () => void;
  /** By the client's endpoint. Undefined while the socket is being opened. */
  readonly #ends = new EndpointMap<DataEnd | undefined>();
  readonly #former = new Set<string>();
  #strangers = 0;
  #strangersSince = Number.NEGATIVE_INFINITY;

  /** @param onEmpty nobody is left, or it can't be opened: do not join */
  constructor(opening: Promise<SegmentingSocket>, clock: Clock, onEmpty: () => void) {
    this.#clock = clock;
    this.#onEmpty = onEmpty;
    this.#opening = opening.then((socket) => {
      socket.onMessage((data, from) => this.#receive(socket, data, from));
      socket.onError((error, to) => this.#failed(error, to));
      return socket;
    });
  }

  get size(): number {
    return this.#ends.size;
  }

  /**
   * The client has, or had, a transfer here. Its next one needs another port of ours: what is still on the way of the
   * old one would be taken for the new one's.
   */
  knows(peer: Endpoint): boolean {
    return this.#ends.has(peer) || this.#former.has(keyOf(peer));
  }

  /**
   * The end of a client that is not known here. Closing it leaves the others; the socket closes with the last.
   * @throws HostRefused when the socket can't be opened
   */
  async join(peer: Endpoint): Promise<SegmentingSocket> {
    this.#ends.set(peer, undefined);
    try {
      const socket = await this.#opening;
      const end = new DataEnd(socket, () => this.#leave(socket, peer));
      this.#ends.set(peer, end);
      return end;
    } catch (error) {
      this.#ends.delete(peer);
      this.#onEmpty();
      throw error;
    }
  }

  #leave(socket: SegmentingSocket, peer: Endpoint): void {
    this.#ends.delete(peer);
    if (this.#ends.size === 0) {
      socket.close();
      this.#onEmpty();
      return;
    }
    const oldest = this.#former.size < MOST_FORMER ? undefined : this.#former.values().next().value;
    if (oldest !== undefined) this.#former.delete(oldest);
    this.#former.add(keyOf(peer));
  }

  #receive(socket: SegmentingSocket, data: Uint8Array, from: Endpoint): void {
    const end = this.#ends.get(from);
    if (end !== undefined) end.hear(data, from);
    // The ERROR would end whatever the client has begun meanwhile.
    else if (!this.#former.has(keyOf(from))) this.#answerStranger(socket, data, from);
  }

  /** A datagram that could not leave is its client's transfer's alone. */
  #failed(error: Error, to: Endpoint | undefined): void {
    if (to !== undefined) this.#ends.get(to)?.fail(error);
    else for (const end of this.#ends.values()) end?.fail(error);
  }

  /** RFC 1350 section 4: told, and no transfer is disturbed. An ERROR is never answered with an ERROR. */
  #answerStranger(socket: SegmentingSocket, data: Uint8Array, from: Endpoint): void {
    if (from.port === 0 || (data[0] === 0 && data[1] === TftpOp.ERROR)) return;
    const now = this.#clock.monotonic();
    if (now - this.#strangersSince >= STRANGERS_WITHIN_MS) {
      this.#strangersSince = now;
      this.#strangers = 0;
    }
    if (this.#strangers >= MOST_STRANGERS) return;
    this.#strangers += 1;
    socket.send(encodeError(TftpErrorCode.UNKNOWN_TRANSFER_ID, 'this port serves another client'), from);
  }
}

/** What one transfer has of a DataSocket. */
class DataEnd implements SegmentingSocket {
  readonly #socket: SegmentingSocket;
  readonly #leave: () => void;
  #hear: ((data: Uint8Array, from: Endpoint) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #closed = false;

  constructor(socket: SegmentingSocket, leave: () => void) {
    this.#socket = socket;
    this.#leave = leave;
  }

  get local(): Endpoint {
    return this.#socket.local;
  }

  onMessage(listener: (data: Uint8Array, from: Endpoint) => void): void {
    this.#hear = listener;
  }

  onError(listener: (error: Error, to?: Endpoint) => void): void {
    this.#fail = listener;
  }

  send(data: Uint8Array, to: Endpoint, done?: (error: Error | null) => void): void {
    this.#socket.send(data, to, done);
  }

  sendSegments(data: Uint8Array, segmentBytes: number, to: Endpoint): void {
    this.#socket.sendSegments(data, segmentBytes, to);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave();
  }

  hear(data: Uint8Array, from: Endpoint): void {
    this.#hear?.(data, from);
  }

  fail(error: Error): void {
    this.#fail?.(error);
  }
}

function keyOf(peer: Endpoint): string {
  return `${peer.address}:${peer.port}`;
}
