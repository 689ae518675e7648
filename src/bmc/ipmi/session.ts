import type { IpmiCommand } from '../../codecs/ipmi/command.ts';
import { closeSession } from '../../codecs/ipmi/commands/session.ts';
import { CompletionCode, completionText, isPassing } from '../../codecs/ipmi/completion-codes.ts';
import { decodeIpmiResponse, encodeIpmiRequest, type IpmiResponse, NetFn } from '../../codecs/ipmi/message.ts';
import {
  decodeSecurePacket,
  encodeSecurePacket,
  PayloadType,
  UnacceptablePacket,
} from '../../codecs/ipmi/session-packet.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import { IpmiError } from './errors.ts';
import type { OpenedSession } from './handshake.ts';
import type { Latency } from './latency.ts';
import type { IpmiClock } from './ports.ts';
import { ReplayWindow } from './replay-window.ts';

/** Packets that were dropped, by reason. */
export type DropCounter = (reason: 'malformed' | 'replayed' | 'unexpected' | UnacceptablePacket['reason']) => void;

export interface SessionOptions extends OpenedSession {
  readonly clock: IpmiClock;
  readonly send: (packet: Uint8Array) => void;
  readonly dropped: DropCounter;
  /** What this BMC takes to answer. */
  readonly latency: Latency;
}

/** What a BMC does not answer at once it answers the second or third time; after that it has forgotten the session. */
const MAX_SENDINGS = 4;
const MAX_PASSING_CODES = 5;
/** Some BMCs answer a question with nothing while they are busy with themselves, and properly a moment later. */
const MAX_UNREADABLE = 2;
const FIRST_PAUSE_MS = 250;
const MAX_RQ_SEQUENCE = 63;
const SET_SESSION_PRIVILEGE = 0x3b;

interface Waiting {
  readonly command: IpmiCommand<unknown>;
  readonly sequence: number;
  readonly take: (response: IpmiResponse) => void;
  readonly fail: (error: Error) => void;
}

/** One session with a BMC, one command at a time. */
export class IpmiSession {
  readonly #options: SessionOptions;
  readonly #window = new ReplayWindow();
  #outbound = 0;
  #rqSequence = 0;
  #waiting: Waiting | undefined;
  #solListener: ((payload: Uint8Array) => void) | undefined;
  /** Characters may come before the answer to the activation that they belong to. */
  readonly #earlySol: Uint8Array[] = [];

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** As the BMC calls it. */
  get bmcSessionId(): number {
    return this.#options.bmcSessionId;
  }

  /**
   * Sends it until it is answered, within `deadlineMs`; what is not repeatable once.
   *
   * @throws IpmiError `no-answer` (the session is to be given up), `refused`, `privilege`, `unreadable`
   */
  async execute<Result>(command: IpmiCommand<Result>, deadlineMs: number): Promise<Result> {
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + deadlineMs;
    let pauseMs = FIRST_PAUSE_MS;
    for (let passing = 0; ; passing += 1) {
      const response = await this.#exchange(command, endsAt);
      const { completionCode } = response;
      if (completionCode === CompletionCode.OK) {
        const result = this.#read(command, response.data);
        if (!(result instanceof IpmiError)) return result;
        const isOver = passing >= MAX_UNREADABLE || clock.monotonic() + pauseMs >= endsAt;
        if (isOver || !command.isRepeatable) throw result;
        await this.#pause(pauseMs);
        pauseMs *= 2;
        continue;
      }
      const mayRepeat = command.isRepeatable || completionCode === CompletionCode.BUSY;
      const isOver = passing >= MAX_PASSING_CODES || clock.monotonic() + pauseMs >= endsAt;
      if (!isPassing(completionCode) || !mayRepeat || isOver) throw refusal(command, completionCode);
      await this.#pause(pauseMs);
      pauseMs *= 2;
    }
  }

  #read<Result>(command: IpmiCommand<Result>, data: Uint8Array): Result | IpmiError {
    try {
      return command.read(data);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.#options.dropped('malformed');
      const message = `${command.name}: the answer is not as the specification has it: ${error.message}`;
      return new IpmiError('unreadable', message, { mayHaveActed: true, cause: error });
    }
  }

  /** Tells the BMC, once, and does not wait: it has few sessions, and one that is lost stays taken for a minute. */
  close(): void {
    const command = closeSession(this.#options.bmcSessionId);
    this.#transmit(PayloadType.IPMI, encodeIpmiRequest({ ...command, sequence: this.#nextRqSequence() }));
    this.#waiting?.fail(new IpmiError('closed', 'the session was closed'));
    this.#waiting = undefined;
    this.#options.keys.blocks.end();
  }

  sendSol(payload: Uint8Array): void {
    this.#transmit(PayloadType.SOL, payload);
  }

  onSol(listener: ((payload: Uint8Array) => void) | undefined): void {
    this.#solListener = listener;
    if (listener === undefined) return;
    for (const payload of this.#earlySol.splice(0)) listener(payload);
  }

  receive(packet: Uint8Array): void {
    const { consoleSessionId, keys, dropped } = this.#options;
    try {
      const { payloadType, payload, sequence } = decodeSecurePacket(packet, consoleSessionId, keys);
      if (!this.#window.accept(sequence)) dropped('replayed');
      else if (payloadType === PayloadType.SOL) this.#takeSol(payload);
      else if (payloadType === PayloadType.IPMI) this.#takeResponse(decodeIpmiResponse(payload));
      else dropped('unexpected');
    } catch (error) {
      if (error instanceof UnacceptablePacket) dropped(error.reason);
      else if (error instanceof MalformedPacket) dropped('malformed');
      else throw error;
    }
  }

  failed(error: Error): void {
    this.#waiting?.fail(error);
  }

  #takeSol(payload: Uint8Array): void {
    if (this.#solListener !== undefined) this.#solListener(payload);
    else if (this.#earlySol.length < 16) this.#earlySol.push(payload);
    else this.#options.dropped('unexpected');
  }

  #takeResponse(response: IpmiResponse): void {
    const waiting = this.#waiting;
    const isOurs =
      waiting !== undefined &&
      waiting.sequence === response.sequence &&
      waiting.command.netFn === response.netFn &&
      waiting.command.command === response.command;
    if (isOurs) waiting.take(response);
    else this.#options.dropped('unexpected');
  }

  #exchange(command: IpmiCommand<unknown>, endsAt: number): Promise<IpmiResponse> {
    const { clock, latency } = this.#options;
    const sequence = this.#nextRqSequence();
    const message = encodeIpmiRequest({ ...command, sequence });
    const begunAt = clock.monotonic();
    return new Promise((resolve, reject) => {
      let timer: { cancel(): void } | undefined;
      let sendings = 0;
      const finish = (): void => {
        this.#waiting = undefined;
        timer?.cancel();
      };
      const giveUp = (): void => {
        finish();
        const message_ = `${command.name}: no answer to ${sendings} ${sendings === 1 ? 'packet' : 'packets'}`;
        reject(new IpmiError('no-answer', message_, { mayHaveActed: true }));
      };
      const transmit = (): void => {
        sendings += 1;
        // A repetition keeps its number and takes a new one of the session, else the BMC takes it for a replay.
        this.#transmit(PayloadType.IPMI, message);
        const leftMs = endsAt - clock.monotonic();
        const isLast = !command.isRepeatable || sendings >= MAX_SENDINGS;
        const waitMs = isLast && !command.isRepeatable ? leftMs : Math.min(leftMs, latency.patienceMs * sendings);
        timer = clock.setTimeout(
          () => (isLast || clock.monotonic() >= endsAt ? giveUp() : transmit()),
          Math.max(1, waitMs),
        );
      };
      this.#waiting = {
        command,
        sequence,
        take: (response) => {
          finish();
          // Of an answer to a repetition nobody knows which packet it is the answer to (Karn).
          if (sendings === 1) latency.answered(clock.monotonic() - begunAt);
          resolve(response);
        },
        fail: (error) => {
          finish();
          reject(error);
        },
      };
      transmit();
    });
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#options.clock.setTimeout(resolve, delayMs));
  }

  #transmit(payloadType: number, payload: Uint8Array): void {
    const { bmcSessionId, keys, send } = this.#options;
    // From 1; 0 is for packets outside of a session (IPMI 2.0 section 6.12.8).
    this.#outbound = this.#outbound === 0xffffffff ? 1 : this.#outbound + 1;
    send(encodeSecurePacket({ payloadType, sessionId: bmcSessionId, sequence: this.#outbound, payload }, keys));
  }

  #nextRqSequence(): number {
    this.#rqSequence = this.#rqSequence >= MAX_RQ_SEQUENCE ? 1 : this.#rqSequence + 1;
    return this.#rqSequence;
  }
}

/** Set Session Privilege Level says in codes of its own (IPMI 2.0 table 22-23) that the user or the channel has no more. */
function isPrivilege({ netFn, command }: IpmiCommand<unknown>, completionCode: number): boolean {
  const isSetPrivilege = netFn === NetFn.APP && command === SET_SESSION_PRIVILEGE;
  return (
    completionCode === CompletionCode.PRIVILEGE ||
    (isSetPrivilege && (completionCode === 0x80 || completionCode === 0x81))
  );
}

function refusal(command: IpmiCommand<unknown>, completionCode: number): IpmiError {
  const failure = isPrivilege(command, completionCode) ? 'privilege' : 'refused';
  const message = `${command.name}: ${completionText(completionCode, command.codes)}`;
  return new IpmiError(failure, message, { completionCode, mayHaveActed: completionCode === CompletionCode.TIMEOUT });
}
