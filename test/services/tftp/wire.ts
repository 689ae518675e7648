import { decodeTftp } from '../../../src/codecs/tftp/decode.ts';
import { encodeAck } from '../../../src/codecs/tftp/encode.ts';
import { TftpOp, type TftpPacket } from '../../../src/codecs/tftp/packet.ts';
import type { Clock, Endpoint, SegmentingSocket, Timer } from '../../../src/domain/ports.ts';

export const SERVER: Endpoint = { address: '10.77.0.1', port: 50_000 };
export const CLIENT: Endpoint = { address: '10.77.0.100', port: 1_234 };

/** When the copies of a datagram arrive, in milliseconds from its sending; none: it is lost. */
export type Fate = (towards: 'client' | 'server', data: Uint8Array, index: number) => readonly number[];

/** The way between one transfer's socket and its client, with whatever faults a test wants, on the test's clock. */
export class Wire {
  /** Datagrams that the server sent, as they left, lost ones too. */
  readonly sent: Uint8Array[] = [];
  /** Sends of the server: one may hold many datagrams. */
  sends = 0;
  readonly server: SegmentingSocket;
  closed = false;
  fate: Fate;
  onClient: (data: Uint8Array) => void = () => {};
  #clock: Clock;
  #index = 0;
  #hear: (data: Uint8Array, from: Endpoint) => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(clock: Clock, fate: Fate = () => [1]) {
    this.#clock = clock;
    this.fate = fate;
    this.server = {
      local: SERVER,
      onMessage: (listener) => {
        this.#hear = listener;
      },
      onError: (listener) => {
        this.#fail = listener;
      },
      send: (data, to) => {
        this.sends += 1;
        this.#toClient(data.slice(), to);
      },
      sendSegments: (data, segmentBytes, to) => {
        this.sends += 1;
        for (let at = 0; at < data.length; at += segmentBytes) this.#toClient(data.slice(at, at + segmentBytes), to);
      },
      close: () => {
        this.closed = true;
      },
    };
  }

  /** Packets of the server, decoded. */
  get packets(): TftpPacket[] {
    return this.sent.map((data) => decodeTftp(data));
  }

  get blocks(): number[] {
    return this.packets.flatMap((packet) => (packet.op === TftpOp.DATA ? [packet.block] : []));
  }

  toServer(data: Uint8Array, from: Endpoint = CLIENT): void {
    for (const delayMs of this.fate('server', data, this.#index++)) {
      this.#clock.setTimeout(() => {
        if (this.closed) return;
        const spoilt = data.slice();
        this.#hear(spoilt, from);
        spoilt.fill(0xdd);
      }, delayMs);
    }
  }

  failSend(error: Error): void {
    this.#fail(error);
  }

  #toClient(data: Uint8Array, to: Endpoint): void {
    this.sent.push(data);
    if (to.port !== CLIENT.port) return;
    for (const delayMs of this.fate('client', data, this.#index++)) {
      this.#clock.setTimeout(() => this.onClient(data), delayMs);
    }
  }
}

export interface ClientOptions {
  readonly blockBytes: number;
  readonly windowBlocks: number;
  /** Sends its last packet again after this silence. */
  readonly retryMs?: number;
}

const MOST_RETRIES = 30;

/** A client that reads as RFC 7440 section 4 says, and stays a while to repeat its last ACK. */
export class ReadingClient {
  readonly error: { code: number; message: string }[] = [];
  oack: ReadonlyMap<string, string> | undefined;
  complete = false;
  #wire: Wire;
  #clock: Clock;
  #options: ClientOptions;
  #parts: Uint8Array[] = [];
  #expected = 1;
  #inWindow = 0;
  #gapTold = false;
  #last: Uint8Array | undefined;
  #timer: Timer | undefined;
  #retries = 0;

  constructor(wire: Wire, clock: Clock, options: ClientOptions) {
    this.#wire = wire;
    this.#clock = clock;
    this.#options = options;
    wire.onClient = (data) => this.#receive(decodeTftp(data));
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#parts);
  }

  get failed(): boolean {
    return this.error.length > 0 || this.#retries >= MOST_RETRIES;
  }

  #receive(packet: TftpPacket): void {
    if (this.failed) return;
    if (packet.op === TftpOp.ERROR) {
      this.error.push(packet);
      this.#timer?.cancel();
    } else if (packet.op === TftpOp.OACK) {
      this.oack = packet.options;
      if (this.#expected === 1) this.#acknowledge();
    } else if (packet.op === TftpOp.DATA) {
      this.#block(packet.block, packet.data);
    }
  }

  #block(block: number, data: Uint8Array): void {
    const ahead = (block - this.#expected) & 0xffff;
    if (this.complete || ahead !== 0) {
      // Once complete, `expected` is past the end: all that comes is old.
      this.#unexpected(ahead);
      return;
    }
    this.#parts.push(data.slice());
    this.#expected += 1;
    this.#inWindow += 1;
    this.#gapTold = false;
    this.#retries = 0;
    this.complete = data.length < this.#options.blockBytes;
    if (this.complete || this.#inWindow >= this.#options.windowBlocks) this.#acknowledge();
  }

  /** A gap is told once; of old blocks only the one that was acknowledged last is answered: that ACK was lost. */
  #unexpected(ahead: number): void {
    const isGap = ahead < 0x8000;
    if (isGap && this.#gapTold) return;
    if (isGap) this.#gapTold = true;
    if (isGap || (ahead === 0xffff && this.#inWindow === 0)) this.#acknowledge();
  }

  #acknowledge(): void {
    this.#inWindow = 0;
    this.#last = encodeAck((this.#expected - 1) & 0xffff);
    this.#send();
  }

  #send(): void {
    this.#timer?.cancel();
    if (this.#last !== undefined) this.#wire.toServer(this.#last);
    if (this.complete) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#retries += 1;
      this.#gapTold = false;
      if (!this.failed) this.#send();
    }, this.#options.retryMs ?? 1_000);
  }
}
