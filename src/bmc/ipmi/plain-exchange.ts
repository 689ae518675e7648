import { decodePlainPacket, encodePlainPacket, UnacceptablePacket } from '../../codecs/ipmi/session-packet.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { IpmiError } from './errors.ts';
import type { IpmiClock } from './ports.ts';

/** How an answer is read, and whether it is the one that is waited for. */
export interface Expectation<Answer> {
  /** @throws MalformedPacket */
  readonly read: (payload: Uint8Array) => Answer;
  readonly isOurs: (answer: Answer) => boolean;
}

/** Questions and answers outside of a session, one at a time. What does not fit the question is dropped and counted. */
export class PlainExchange {
  readonly #clock: IpmiClock;
  readonly #send: (packet: Uint8Array) => void;
  readonly #dropped: () => void;
  readonly #silent: () => void;
  #waiting:
    | { readonly type: number; readonly take: (payload: Uint8Array) => boolean; readonly fail: (error: Error) => void }
    | undefined;

  constructor(options: {
    readonly clock: IpmiClock;
    readonly send: (packet: Uint8Array) => void;
    readonly dropped: () => void;
    /** Nothing came in time. */
    readonly silent: () => void;
  }) {
    this.#clock = options.clock;
    this.#send = options.send;
    this.#dropped = options.dropped;
    this.#silent = options.silent;
  }

  /** A packet that no answer is wanted to. */
  send(packet: Uint8Array): void {
    this.#send(packet);
  }

  /** @throws IpmiError `no-answer` after `waitMs`; `unreachable` where the port is closed */
  ask<Answer>(
    type: number,
    payload: Uint8Array,
    answerType: number,
    waitMs: number,
    expectation: Expectation<Answer>,
  ): Promise<Answer> {
    return this.askPacket(encodePlainPacket(type, payload), answerType, waitMs, expectation);
  }

  askPacket<Answer>(
    packet: Uint8Array,
    answerType: number,
    waitMs: number,
    { read, isOurs }: Expectation<Answer>,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => {
        this.#waiting = undefined;
        this.#silent();
        reject(new IpmiError('no-answer', `no answer within ${waitMs} ms`));
      }, waitMs);
      const finish = (): void => {
        this.#waiting = undefined;
        timer.cancel();
      };
      this.#waiting = {
        type: answerType,
        take: (answer) => {
          const read_ = read(answer);
          if (!isOurs(read_)) return false;
          finish();
          resolve(read_);
          return true;
        },
        fail: (error) => {
          finish();
          reject(error);
        },
      };
      this.#send(packet);
    });
  }

  receive(packet: Uint8Array): void {
    try {
      const { payloadType, payload } = decodePlainPacket(packet);
      // What is read of it outlives the packet.
      if (this.#waiting?.type !== payloadType || !this.#waiting.take(Uint8Array.from(payload))) this.#dropped();
    } catch (error) {
      if (!(error instanceof MalformedPacket) && !(error instanceof UnacceptablePacket)) throw error;
      this.#dropped();
    }
  }

  failed(error: Error): void {
    this.#waiting?.fail(new IpmiError('unreachable', `nothing listens there: ${error.message}`, { cause: error }));
  }
}
