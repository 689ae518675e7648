import type { Duplex } from 'node:stream';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { Clock, Timer } from '../../domain/ports.ts';
import type { Response } from './responder.ts';
import { framed, StreamMessages } from './stream-messages.ts';

/** Without a whole question (RFC 7766 section 6.2.3 advises seconds). */
const IDLE_MS = 10_000;
/** Questions of one client at the same time; the next ones wait in the kernel. */
const MAX_IN_FLIGHT = 32;
/** Answers that the client does not fetch; then its questions are not read either. */
const MAX_UNSENT_BYTES = 128 << 10;
/** No question comes near it. */
const MAX_QUESTION_BYTES = 4_096;

export interface StreamClientParts {
  readonly clock: Clock;
  respond(bytes: Uint8Array): Response | undefined | Promise<Response | undefined>;
  /** It is gone, for whatever reason; told once. */
  onClose(): void;
}

/** One TCP connection: questions one after another, answers as they are there, in whatever order (RFC 7766 section 7). */
export class StreamClient {
  readonly #stream: Duplex;
  readonly #parts: StreamClientParts;
  readonly #messages = new StreamMessages(MAX_QUESTION_BYTES);
  /** Whole questions that wait for room. */
  readonly #waiting: Uint8Array[] = [];
  #inFlight = 0;
  #hasSaidAll = false;
  #closed = false;
  #idle: Timer;

  constructor(stream: Duplex, parts: StreamClientParts) {
    this.#stream = stream;
    this.#parts = parts;
    this.#idle = parts.clock.setTimeout(() => this.close(), IDLE_MS);
    stream.on('data', (chunk: Uint8Array) => this.#heard(chunk));
    stream.on('drain', () => this.#goOn());
    stream.on('end', () => {
      this.#hasSaidAll = true;
      this.#endIfDone();
    });
    stream.on('error', () => this.close());
    stream.on('close', () => this.close());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#idle.cancel();
    this.#stream.destroy();
    this.#parts.onClose();
  }

  #heard(chunk: Uint8Array): void {
    try {
      this.#waiting.push(...this.#messages.take(chunk));
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.close();
      return;
    }
    this.#goOn();
  }

  #goOn(): void {
    while (!this.#closed && this.#hasRoom) {
      const message = this.#waiting.shift();
      if (message === undefined) break;
      this.#answer(message);
    }
    if (this.#closed) return;
    // What one chunk held is kept; nothing more is read before it has been answered.
    if (this.#waiting.length > 0) this.#stream.pause();
    else this.#stream.resume();
    this.#endIfDone();
  }

  get #hasRoom(): boolean {
    return this.#inFlight < MAX_IN_FLIGHT && this.#stream.writableLength < MAX_UNSENT_BYTES;
  }

  #answer(message: Uint8Array): void {
    this.#notIdle();
    const response = this.#parts.respond(message);
    if (!(response instanceof Promise)) {
      this.#send(response);
      return;
    }
    this.#inFlight += 1;
    void response.then((late) => {
      this.#inFlight -= 1;
      if (this.#closed) return;
      this.#notIdle();
      this.#send(late);
      this.#goOn();
    });
  }

  #send(response: Response | undefined): void {
    // What is no question by UDP is nothing that a client would send by TCP.
    if (response === undefined) this.close();
    else this.#stream.write(framed(response.bytes));
  }

  /** Bytes that make no whole question keep nobody's connection open. */
  #notIdle(): void {
    this.#idle.cancel();
    this.#idle = this.#parts.clock.setTimeout(() => this.close(), IDLE_MS);
  }

  #endIfDone(): void {
    if (this.#hasSaidAll && this.#inFlight === 0 && this.#waiting.length === 0) this.#stream.end();
  }
}
