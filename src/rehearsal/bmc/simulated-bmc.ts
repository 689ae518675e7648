import { CIPHER_SUITES, type CipherSuite, suiteOf } from '../../codecs/ipmi/cipher-suite.ts';
import { decodeIpmiRequest, encodeIpmiResponse, type IpmiRequest } from '../../codecs/ipmi/message.ts';
import { decodeOpenSessionRequest, encodeOpenSessionResponse } from '../../codecs/ipmi/open-session.ts';
import { decodeRakp1, decodeRakp3 } from '../../codecs/ipmi/rakp.ts';
import {
  decodePlainPacket,
  decodeSecurePacket,
  encodePlainPacket,
  encodeSecurePacket,
  encodeV15Packet,
  PayloadType,
  peekPacket,
  UnacceptablePacket,
} from '../../codecs/ipmi/session-packet.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';
import type { Clock } from '../../domain/ports.ts';
import { answerPing } from './asf-answer.ts';
import { type CommandAnswer, type CommandContext, runCommand } from './bmc-commands.ts';
import { type BmcAccount, BmcSession } from './bmc-session.ts';
import type { Chassis } from './chassis.ts';
import { SerialOverLan, type SerialQuirks } from './serial-over-lan.ts';

export interface SimulatedBmcOptions {
  readonly clock: Clock;
  readonly random: (count: number) => Uint8Array;
  readonly chassis: Chassis;
  readonly accounts: readonly BmcAccount[];
  /** Sixteen bytes. */
  readonly guid: Uint8Array;
  /** Both unless told. */
  readonly suites?: readonly CipherSuite[];
  /** It does not answer Get Channel Cipher Suites, as some do not. */
  readonly hidesSuites?: boolean;
  /** It says nothing to an Open Session with a suite that it does not have. */
  readonly ignoresSuites?: boolean;
  readonly maxSessions?: number;
  readonly manufacturerId?: number;
  readonly productId?: number;
  readonly serial?: SerialQuirks;
  /** Of a password that is set, what it keeps: 20 unless told. */
  readonly passwordBytes?: number;
  /** What it answers in its own way: a firmware that departs from the specification. Undefined: as it should. */
  readonly answer?: (request: IpmiRequest) => CommandAnswer | undefined;
}

const MAX_SESSIONS = 4;
/** IPMI 2.0 table 13-15. */
const NO_SUCH_SUITE = 0x11;
/** IPMI 2.0 section 6.12.15: 60 s, give or take three. */
const SESSION_LIFE_MS = 60_000;
/** Of one whose handshake has not come to its end. */
const HANDSHAKE_LIFE_MS = 10_000;

/** A BMC that speaks RMCP+ (suites 3 and 17) as a machine's would: for rehearsals, and for tests of what talks to BMCs. */
export class SimulatedBmc {
  /** Of its machine: what it says, and what is typed to it. */
  readonly serial: SerialOverLan;
  readonly #options: SimulatedBmcOptions;
  readonly #accounts: BmcAccount[];
  readonly #sessions = new Map<number, BmcSession>();
  #nextSession = 0x02000001;
  #restartsAt = Number.NEGATIVE_INFINITY;

  constructor(options: SimulatedBmcOptions) {
    this.#options = options;
    this.#accounts = [...options.accounts];
    this.serial = new SerialOverLan(options.clock, options.serial);
  }

  /** Sessions that are open, or half open, at this moment. */
  get sessions(): number {
    this.#expire();
    return this.#sessions.size;
  }

  /** Its firmware starts anew: every session is lost, and it is deaf meanwhile. */
  restart(takesMs: number): void {
    this.#sessions.clear();
    this.serial.deactivate(false);
    this.#restartsAt = this.#options.clock.monotonic() + takesMs;
  }

  /**
   * @param toConsole the way back, for what a console hears without asking
   * @returns what it answers, or nothing
   */
  receive(packet: Uint8Array, toConsole: (packet: Uint8Array) => void = () => {}): Uint8Array | undefined {
    if (this.#options.clock.monotonic() < this.#restartsAt) return undefined;
    try {
      const pong = answerPing(packet);
      if (pong !== undefined) return pong;
      const { sessionId } = peekPacket(packet);
      return sessionId === 0 ? this.#outside(packet) : this.#inside(packet, sessionId, toConsole);
    } catch (error) {
      if (error instanceof MalformedPacket || error instanceof UnacceptablePacket) return undefined;
      throw error;
    }
  }

  #outside(packet: Uint8Array): Uint8Array | undefined {
    const { payloadType, payload } = decodePlainPacket(packet);
    switch (payloadType) {
      case PayloadType.IPMI: {
        const request = decodeIpmiRequest(payload);
        const { code, data } = this.#run(request, undefined);
        return encodeV15Packet(encodeIpmiResponse(request, code, data));
      }
      case PayloadType.OPEN_SESSION_REQUEST:
        return this.#answerOpen(payload);
      case PayloadType.RAKP_1: {
        const { bmcSessionId, userName } = decodeRakp1(payload);
        const session = this.#sessions.get(bmcSessionId);
        const account = this.#account(Buffer.from(userName).toString());
        const { random, guid } = this.#options;
        const answer = session?.answerRakp1(payload, account, random(16), guid);
        if (account === undefined) this.#sessions.delete(bmcSessionId);
        else if (session !== undefined) {
          session.privilege = Math.min(2, account.privilege);
          session.maxPrivilege = account.privilege;
        }
        return answer === undefined ? undefined : encodePlainPacket(PayloadType.RAKP_2, answer);
      }
      case PayloadType.RAKP_3: {
        const { bmcSessionId } = decodeRakp3(payload);
        const session = this.#sessions.get(bmcSessionId);
        const answer = session?.answerRakp3(payload);
        if (session?.keys === undefined) this.#sessions.delete(bmcSessionId);
        return answer === undefined ? undefined : encodePlainPacket(PayloadType.RAKP_4, answer);
      }
      default:
        return undefined;
    }
  }

  #answerOpen(payload: Uint8Array): Uint8Array | undefined {
    const answer = this.#open(payload);
    const isSilent = this.#options.ignoresSuites === true && answer[1] === NO_SUCH_SUITE;
    return isSilent ? undefined : encodePlainPacket(PayloadType.OPEN_SESSION_RESPONSE, answer);
  }

  #open(payload: Uint8Array): Uint8Array {
    const { tag, consoleSessionId, algorithms, privilege } = decodeOpenSessionRequest(payload);
    const { suites = CIPHER_SUITES, maxSessions = MAX_SESSIONS, clock } = this.#options;
    const refuse = (status: number) =>
      encodeOpenSessionResponse({ tag, status, privilege, consoleSessionId, bmcSessionId: 0, algorithms });
    const suite = suiteOf(algorithms);
    if (suite === undefined || !suites.includes(suite)) return refuse(NO_SUCH_SUITE);
    this.#expire();
    if (this.#sessions.size >= maxSessions) return refuse(0x01);
    const id = this.#nextSession;
    this.#nextSession += 1;
    this.#sessions.set(id, new BmcSession({ id, consoleSessionId, suite, now: clock.monotonic() }));
    return encodeOpenSessionResponse({ tag, status: 0, privilege: 4, consoleSessionId, bmcSessionId: id, algorithms });
  }

  #inside(packet: Uint8Array, sessionId: number, toConsole: (packet: Uint8Array) => void): Uint8Array | undefined {
    this.#expire();
    const session = this.#sessions.get(sessionId);
    if (session?.keys === undefined) return undefined;
    const { payloadType, payload, sequence } = decodeSecurePacket(packet, sessionId, session.keys);
    if (!session.inbound.accept(sequence)) return undefined;
    session.lastUsedAt = this.#options.clock.monotonic();
    session.sendSol = (sol) => toConsole(seal(session, PayloadType.SOL, sol));
    if (payloadType === PayloadType.SOL) this.serial.receive(sessionId, payload);
    if (payloadType !== PayloadType.IPMI) return undefined;
    const request = decodeIpmiRequest(payload);
    const { code, data, closes } = this.#run(request, session);
    if (closes === true) this.#forget(sessionId);
    return seal(session, PayloadType.IPMI, encodeIpmiResponse(request, code, data));
  }

  /** Its console ends with it. */
  #forget(sessionId: number): void {
    this.#sessions.delete(sessionId);
    if (this.serial.sessionId === sessionId) this.serial.deactivate(false);
  }

  #run(request: IpmiRequest, session: BmcSession | undefined) {
    const { chassis, suites = CIPHER_SUITES, hidesSuites = false, guid } = this.#options;
    const context: CommandContext = {
      chassis,
      serial: this.serial,
      session,
      guid,
      accounts: this.#accounts,
      passwordBytes: this.#options.passwordBytes ?? 20,
      suiteIds: hidesSuites ? undefined : suites.map(({ id }) => id),
      manufacturerId: this.#options.manufacturerId ?? 7244,
      productId: this.#options.productId ?? 1,
    };
    return this.#options.answer?.(request) ?? runCommand(request, context);
  }

  #account(userName: string): BmcAccount | undefined {
    return this.#accounts.find((account) => account.userName === userName);
  }

  #expire(): void {
    const now = this.#options.clock.monotonic();
    for (const [id, { keys, lastUsedAt }] of this.#sessions) {
      if (now - lastUsedAt > (keys === undefined ? HANDSHAKE_LIFE_MS : SESSION_LIFE_MS)) this.#forget(id);
    }
  }
}

function seal(session: BmcSession, payloadType: number, payload: Uint8Array): Uint8Array {
  if (session.keys === undefined) throw new Error('the session is not open yet');
  session.outbound += 1;
  const { consoleSessionId: sessionId, outbound: sequence } = session;
  return encodeSecurePacket({ payloadType, sessionId, sequence, payload }, session.keys);
}
