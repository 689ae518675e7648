import {
  decodeSol,
  encodeSol,
  nextSolSequence,
  SolOperation,
  type SolPacket,
  SolStatus,
} from '../../codecs/ipmi/sol.ts';
import type { Clock, Timer } from '../../domain/ports.ts';

export interface SerialQuirks {
  /** Sendings of one packet before the BMC gives it up, as the parameter of the specification says: 1 + 7. */
  readonly maxSendings?: number;
  readonly resendMs?: number;
  /** Characters of the machine that wait to be sent; what comes on top is lost. */
  readonly bufferBytes?: number;
  /** It takes at most so many characters of a packet, and says so. */
  readonly acceptsBytes?: number;
}

const MAX_SENDINGS = 8;
const RESEND_MS = 100;
const BUFFER_BYTES = 8_192;
const PAYLOAD_BYTES = 200;
const SEQUENCE_NUMBERS = 15;
/** Activate Payload's auxiliary data: the line is held until the console sends something (IPMI 2.0 table 24-2). */
const STARTUP_HANDSHAKE = 0x02;

interface Sent {
  readonly sequence: number;
  readonly characters: Uint8Array;
  sendings: number;
  timer: Timer | undefined;
}

interface Activation {
  readonly sessionId: number;
  readonly send: (payload: Uint8Array) => void;
  isHeld: boolean;
  /** Of the last packet of the console that was taken. */
  heard: number;
  accepted: number;
  sequence: number;
  sent: Sent | undefined;
}

/** The serial port of a machine, as its BMC carries it over the network (IPMI 2.0 section 15). */
export class SerialOverLan {
  /** What the console typed, in order. */
  typed: (characters: Uint8Array) => void = () => {};
  broken: () => void = () => {};
  /** UDP port that it says the console is at; programs refuse another one than they speak to. */
  port = 623;
  readonly #clock: Clock;
  readonly #quirks: SerialQuirks;
  #active: Activation | undefined;
  #waiting = Buffer.alloc(0);
  #hasOverrun = false;

  constructor(clock: Clock, quirks: SerialQuirks = {}) {
    this.#clock = clock;
    this.#quirks = quirks;
  }

  /** Of the session that has it; 0 while nobody has. */
  get sessionId(): number {
    return this.#active?.sessionId ?? 0;
  }

  /** The machine says something: it is gone where nobody listens, as on a real line. */
  say(characters: Uint8Array): void {
    if (this.#active === undefined) return;
    const room = (this.#quirks.bufferBytes ?? BUFFER_BYTES) - this.#waiting.length;
    if (characters.length > room) this.#hasOverrun = true;
    this.#waiting = Buffer.concat([this.#waiting, characters.subarray(0, Math.max(0, room))]);
    this.#sendNext();
  }

  activate(sessionId: number, auxiliary: number, send: (payload: Uint8Array) => void): void {
    const isHeld = (auxiliary & STARTUP_HANDSHAKE) !== 0;
    this.#active = { sessionId, send, isHeld, heard: 0, accepted: 0, sequence: 0, sent: undefined };
  }

  /** @param tells whoever had it hears that it is over */
  deactivate(tells: boolean): void {
    const active = this.#active;
    this.#active = undefined;
    this.#waiting = Buffer.alloc(0);
    this.#hasOverrun = false;
    active?.sent?.timer?.cancel();
    if (tells) active?.send(encodeSol({ ...NOTHING, flags: SolStatus.DEACTIVATED }));
  }

  /** @throws MalformedPacket */
  receive(sessionId: number, payload: Uint8Array): void {
    const active = this.#active;
    if (active?.sessionId !== sessionId) return;
    const packet = decodeSol(payload);
    active.isHeld = false;
    if (packet.acknowledged !== 0) this.#acknowledged(active, packet);
    if (packet.sequence !== 0) this.#take(active, packet);
    this.#sendNext();
  }

  #take(active: Activation, { sequence, characters, flags }: SolPacket): void {
    const behind = active.heard === 0 ? 0 : (active.heard - sequence + SEQUENCE_NUMBERS) % SEQUENCE_NUMBERS;
    const isNew = sequence !== active.heard && (behind === 0 || behind > 2);
    if (isNew) {
      active.heard = sequence;
      active.accepted = Math.min(characters.length, this.#quirks.acceptsBytes ?? PAYLOAD_BYTES);
      if (active.accepted > 0) this.typed(Uint8Array.from(characters.subarray(0, active.accepted)));
      if ((flags & SolOperation.BREAK) !== 0) this.broken();
    }
    if (sequence !== active.heard) return;
    active.send(encodeSol({ ...NOTHING, acknowledged: sequence, acceptedCount: active.accepted }));
  }

  #acknowledged(active: Activation, { acknowledged, acceptedCount }: SolPacket): void {
    const { sent } = active;
    if (sent?.sequence !== acknowledged) return;
    sent.timer?.cancel();
    active.sent = undefined;
    if (acceptedCount < sent.characters.length)
      this.#waiting = Buffer.concat([sent.characters.subarray(acceptedCount), this.#waiting]);
  }

  #sendNext(): void {
    const active = this.#active;
    if (active === undefined || active.isHeld || active.sent !== undefined || this.#waiting.length === 0) return;
    active.sequence = nextSolSequence(active.sequence);
    const characters = this.#waiting.subarray(0, PAYLOAD_BYTES);
    this.#waiting = this.#waiting.subarray(characters.length);
    active.sent = { sequence: active.sequence, characters, sendings: 0, timer: undefined };
    this.#send(active, active.sent);
  }

  #send(active: Activation, sent: Sent): void {
    const { maxSendings = MAX_SENDINGS, resendMs = RESEND_MS } = this.#quirks;
    sent.sendings += 1;
    sent.timer = this.#clock.setTimeout(() => {
      if (sent.sendings < maxSendings) {
        this.#send(active, sent);
        return;
      }
      // Given up: what it held is gone, and the next packet has the next number.
      active.sent = undefined;
      this.#sendNext();
    }, resendMs);
    const flags = this.#hasOverrun ? SolStatus.OVERRUN : 0;
    this.#hasOverrun = false;
    active.send(encodeSol({ ...NOTHING, sequence: sent.sequence, flags, characters: sent.characters }));
  }
}

const NOTHING: SolPacket = { sequence: 0, acknowledged: 0, acceptedCount: 0, flags: 0, characters: new Uint8Array() };
