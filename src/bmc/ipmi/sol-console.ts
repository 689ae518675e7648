import {
  ALREADY_ACTIVE,
  activateSol,
  deactivateSol,
  getSolInstanceInfo,
  type SolActivation,
} from '../../codecs/ipmi/commands/payload.ts';
import {
  decodeSol,
  encodeSol,
  nextSolSequence,
  SolOperation,
  type SolPacket,
  SolStatus,
} from '../../codecs/ipmi/sol.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { HeldSession, IpmiClient } from './client.ts';
import { IpmiError } from './errors.ts';
import type { IpmiClock } from './ports.ts';
import type { IpmiSession } from './session.ts';

export interface SolListener {
  /** What the machine said; valid during the call. */
  output(characters: Uint8Array): void;
  /** Characters of the machine are gone: the BMC's buffer ran over, or it gave a packet up that nobody acknowledged. */
  lost(why: 'overrun' | 'gap'): void;
  /** The console is over; `lost` comes of the network or the BMC, `taken` from another console. */
  ended(why: 'lost' | 'taken' | 'closed'): void;
}

const RESEND_MS = 300;
/** Some 9 s: with a fifth of all packets lost each way, seven sendings would end a console every few minutes. */
const MAX_SENDINGS = 30;
const SEQUENCE_NUMBERS = 15;
/** A repetition that a newer packet overtook is at most so far behind. */
const MAX_BEHIND = 2;
/** A silent session is kept alive on the same session: another one would take one of the BMC's few. */
const KEEPALIVE_MS = 15_000;
const COMMAND_MS = 10_000;
/** With a handshake, on a bad line. */
const HOLD_MS = 30_000;
const MAX_ACTIVATIONS = 6;
/** What waits to be typed: more than any person or script sends at once to a line of 115,200 baud. */
const MAX_WAITING_BYTES = 64 * 1024;
const MAX_BREAKS = 16;

interface InFlight {
  readonly sequence: number;
  readonly characters: Uint8Array;
  readonly flags: number;
  sendings: number;
  timer: { cancel(): void };
}

/** Serial over LAN (IPMI 2.0 section 15): one packet under way in each direction, each acknowledged, none shown twice. */
export class SolConsole {
  readonly #client: IpmiClient;
  readonly #clock: IpmiClock;
  readonly #held: HeldSession;
  readonly #activation: SolActivation;
  readonly #listener: SolListener;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #inFlight: InFlight | undefined;
  #sequence = 0;
  /** Of the last packet of the BMC with characters: the same again is a repetition. */
  #heard = 0;
  #heardBytes = 0;
  #isPaused = false;
  #pause: { cancel(): void } | undefined;
  #breaks = 0;
  #isOver = false;
  /** The BMC has said that the console is active. */
  #isKnown = false;
  #keepalive: { cancel(): void } | undefined;

  private constructor(
    client: IpmiClient,
    clock: IpmiClock,
    held: HeldSession,
    activation: SolActivation,
    listener: SolListener,
  ) {
    this.#client = client;
    this.#clock = clock;
    this.#held = held;
    this.#activation = activation;
    this.#listener = listener;
  }

  /**
   * @param options.takeOver ends another console that is active
   * @throws IpmiError; `refused` with completion code 80 where somebody else has it
   */
  static async open(
    client: IpmiClient,
    clock: IpmiClock,
    listener: SolListener,
    options: { readonly takeOver?: boolean } = {},
  ): Promise<SolConsole> {
    let opened: SolConsole | undefined;
    let isLost = false;
    const held = await client.hold(HOLD_MS, () => {
      isLost = true;
      if (opened !== undefined) opened.#lose('lost');
    });
    try {
      const activation = await activate(client, held.session, options.takeOver ?? false);
      if (isLost) throw new IpmiError('no-answer', 'the session was lost while the console was opened');
      const console_ = new SolConsole(client, clock, held, activation, listener);
      held.session.onSol((payload) => console_.#receive(payload));
      opened = console_;
      console_.#stayAlive();
      return console_;
    } catch (error) {
      held.release();
      throw error;
    }
  }

  /** @throws RangeError where more waits than a serial line takes in seconds */
  type(characters: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#waitingBytes + characters.length > MAX_WAITING_BYTES) {
      throw new RangeError(`${this.#waitingBytes} characters wait for the serial line already`);
    }
    this.#waiting.push(Uint8Array.from(characters));
    this.#waitingBytes += characters.length;
    this.#sendNext();
  }

  /** For a kernel's SysRq. */
  sendBreak(): void {
    if (this.#isOver) return;
    this.#breaks = Math.min(MAX_BREAKS, this.#breaks + 1);
    this.#sendNext();
  }

  async close(): Promise<void> {
    if (this.#isOver) return;
    this.#end('closed');
    await this.#client.run(deactivateSol(), COMMAND_MS).catch(() => undefined);
    this.#held.release();
  }

  #receive(payload: Uint8Array): void {
    if (this.#isOver) return;
    let packet: SolPacket;
    try {
      packet = decodeSol(payload);
    } catch (error) {
      if (error instanceof MalformedPacket) return;
      throw error;
    }
    if (packet.acknowledged !== 0) this.#acknowledged(packet);
    if ((packet.flags & SolStatus.OVERRUN) !== 0) this.#listener.lost('overrun');
    if (packet.sequence !== 0) this.#hear(packet);
    if ((packet.flags & SolStatus.DEACTIVATED) !== 0 && packet.acknowledged === 0) this.#lose('taken');
  }

  /** The same number again is the same packet, which may have grown: only its tail is new. */
  #hear({ sequence, characters }: SolPacket): void {
    const ahead = this.#heard === 0 ? 1 : (sequence - this.#heard + SEQUENCE_NUMBERS) % SEQUENCE_NUMBERS;
    if (ahead >= SEQUENCE_NUMBERS - MAX_BEHIND) return;
    if (ahead > 1) this.#listener.lost('gap');
    const isRepeated = sequence === this.#heard;
    const fresh = isRepeated ? characters.subarray(Math.min(this.#heardBytes, characters.length)) : characters;
    this.#heard = sequence;
    this.#heardBytes = characters.length;
    this.#transmit({
      sequence: 0,
      acknowledged: sequence,
      acceptedCount: Math.min(255, characters.length),
      flags: 0,
      characters: new Uint8Array(),
    });
    if (fresh.length > 0) this.#listener.output(fresh);
  }

  #acknowledged({ acknowledged, acceptedCount, flags }: SolPacket): void {
    const sent = this.#inFlight;
    if (sent === undefined || sent.sequence !== acknowledged) return;
    sent.timer.cancel();
    this.#inFlight = undefined;
    const rest = sent.characters.subarray(Math.min(acceptedCount, sent.characters.length));
    if ((flags & SolStatus.NACK) !== 0 || rest.length > 0) {
      this.#waiting.unshift(rest);
      this.#waitingBytes += rest.length;
    }
    // The machine takes nothing at the moment (it is off, or its line is held): again when the BMC says more, or later.
    this.#isPaused = (flags & SolStatus.TRANSFER_UNAVAILABLE) !== 0;
    if (this.#isPaused) this.#pause = this.#clock.setTimeout(() => this.#resume(), RESEND_MS * 3);
    else this.#sendNext();
  }

  #resume(): void {
    this.#isPaused = false;
    this.#sendNext();
  }

  #sendNext(): void {
    if (this.#inFlight !== undefined || this.#isPaused || this.#isOver) return;
    if (this.#breaks > 0) {
      this.#breaks -= 1;
      this.#launch(new Uint8Array(), SolOperation.BREAK);
      return;
    }
    const characters = this.#take(this.#activation.toBmcBytes);
    if (characters.length > 0) this.#launch(characters, 0);
  }

  #take(count: number): Uint8Array {
    const all = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting);
    const taken = all.subarray(0, count);
    const rest = all.subarray(count);
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#waitingBytes = rest.length;
    return taken;
  }

  #launch(characters: Uint8Array, flags: number): void {
    this.#sequence = nextSolSequence(this.#sequence);
    this.#inFlight = { sequence: this.#sequence, characters, flags, sendings: 0, timer: { cancel: () => {} } };
    this.#send(this.#inFlight);
  }

  #send(packet: InFlight): void {
    packet.sendings += 1;
    const { sequence, characters, flags } = packet;
    this.#transmit({ sequence, acknowledged: 0, acceptedCount: 0, flags, characters });
    packet.timer = this.#clock.setTimeout(
      () => (packet.sendings >= MAX_SENDINGS ? this.#lose('lost') : this.#send(packet)),
      RESEND_MS,
    );
  }

  #transmit(packet: SolPacket): void {
    this.#held.session.sendSol(encodeSol(packet));
  }

  #stayAlive(): void {
    this.#keepalive = this.#clock.setTimeout(() => {
      this.#client.run(getSolInstanceInfo(), COMMAND_MS).then(
        (sessionId) => {
          // It knows of no console any more: it was reset, or somebody ended it. Some never do.
          if (sessionId === 0 && this.#isKnown) return this.#lose('lost');
          this.#isKnown ||= sessionId !== 0;
          if (!this.#isOver) this.#stayAlive();
        },
        (error: unknown) => {
          // What does not know the question is there all the same.
          if (isUnanswerable(error) && !this.#isOver) this.#stayAlive();
          else this.#lose('lost');
        },
      );
    }, KEEPALIVE_MS);
  }

  #lose(why: 'lost' | 'taken'): void {
    if (this.#isOver) return;
    this.#end(why);
    this.#held.release();
  }

  #end(why: 'lost' | 'taken' | 'closed'): void {
    this.#isOver = true;
    this.#keepalive?.cancel();
    this.#pause?.cancel();
    this.#inFlight?.timer.cancel();
    this.#held.session.onSol(undefined);
    this.#listener.ended(why);
  }
}

/** Where the answer was lost, the console is active already, and ours: ended and begun anew, for its sizes were lost too. */
async function activate(client: IpmiClient, session: IpmiSession, takeOver: boolean): Promise<SolActivation> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.run(activateSol(), COMMAND_MS);
    } catch (error) {
      const isTaken = error instanceof IpmiError && error.completionCode === ALREADY_ACTIVE;
      if (!isTaken || attempt >= MAX_ACTIVATIONS) throw error;
      const holder = await holderOf(client);
      const isOwn = holder !== undefined && (holder === session.bmcSessionId || client.hadSession(holder));
      if (!takeOver && !isOwn) throw error;
      await client.run(deactivateSol(), COMMAND_MS).catch(() => undefined);
    }
  }
}

/** Id of the session that has the console; undefined where the BMC does not know the question. @throws IpmiError */
async function holderOf(client: IpmiClient): Promise<number | undefined> {
  try {
    return await client.run(getSolInstanceInfo(), COMMAND_MS);
  } catch (error) {
    if (isUnanswerable(error)) return undefined;
    throw error;
  }
}

function isUnanswerable(error: unknown): boolean {
  return error instanceof IpmiError && (error.failure === 'refused' || error.failure === 'unreadable');
}
