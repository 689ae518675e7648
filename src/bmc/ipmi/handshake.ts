import type { CipherSuite } from '../../codecs/ipmi/cipher-suite.ts';
import type { Privilege } from '../../codecs/ipmi/commands/session.ts';
import { SessionStatus, sessionStatusText } from '../../codecs/ipmi/completion-codes.ts';
import { sameCode } from '../../codecs/ipmi/keyed-hash.ts';
import { decodeOpenSessionResponse, encodeOpenSessionRequest, grantedSuite } from '../../codecs/ipmi/open-session.ts';
import {
  decodeRakp2,
  decodeRakp4,
  encodeRakp1,
  encodeRakp3,
  RANDOM_BYTES,
  type RakpExchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  roleByte,
  sessionIntegrityKey,
  sessionKeys,
} from '../../codecs/ipmi/rakp.ts';
import type { SessionKeys } from '../../codecs/ipmi/session-keys.ts';
import { encodePlainPacket, PayloadType } from '../../codecs/ipmi/session-packet.ts';
import type { IpmiCredentials } from './credentials.ts';
import { IpmiError } from './errors.ts';
import type { PlainExchange } from './plain-exchange.ts';

export interface HandshakeOptions {
  readonly exchange: PlainExchange;
  readonly credentials: IpmiCredentials;
  readonly privilege: Privilege;
  readonly suite: CipherSuite;
  /** Cryptographically random bytes. */
  readonly random: (count: number) => Uint8Array;
  /** For each of its three answers. */
  readonly waitMs: number;
}

export interface OpenedSession {
  readonly consoleSessionId: number;
  readonly bmcSessionId: number;
  readonly keys: SessionKeys;
}

/** A status of Open Session or RAKP that is not 0. */
export class SessionRefused extends IpmiError {
  readonly status: number;
  /**
   * The handshake went astray, and a new one may do: a message that the network brought twice lets a BMC draw another
   * random number. After RAKP message 2 a wrong code is that and no wrong password: the BMC has shown that it knows it.
   */
  readonly isAstray: boolean;

  constructor(status: number, where: 'Open Session' | 'RAKP message 2' | 'RAKP message 4') {
    const astray: readonly number[] = ASTRAY[where];
    const isAstray = astray.includes(status);
    super(isAstray ? 'no-answer' : failureOf(status), `${where}: ${sessionStatusText(status)}`);
    this.name = 'SessionRefused';
    this.status = status;
    this.isAstray = isAstray;
  }
}

const ASTRAY = {
  'Open Session': [],
  'RAKP message 2': [SessionStatus.UNKNOWN_SESSION, SessionStatus.INACTIVE_SESSION],
  'RAKP message 4': [SessionStatus.UNKNOWN_SESSION, SessionStatus.INACTIVE_SESSION, SessionStatus.WRONG_CODE],
} as const satisfies Record<string, readonly number[]>;

/**
 * Open Session and RAKP messages 1 to 4 (IPMI 2.0 section 13.15), each sent once: on a lost answer the BMC's state has
 * moved on, and the whole of it begins again with other ids and numbers.
 *
 * @throws IpmiError; `no-answer` where one of the three answers did not come in time
 */
export async function openSession(options: HandshakeOptions): Promise<OpenedSession> {
  const { exchange, suite, credentials, random, waitMs } = options;
  const consoleSessionId = nonZero(random(4));
  const tag = random(1)[0]!;
  const request = encodeOpenSessionRequest({ tag, privilege: options.privilege, consoleSessionId, suite });
  const opened = await exchange.ask(
    PayloadType.OPEN_SESSION_REQUEST,
    request,
    PayloadType.OPEN_SESSION_RESPONSE,
    waitMs,
    {
      read: decodeOpenSessionResponse,
      isOurs: (answer) => answer.status !== 0 || (answer.tag === tag && answer.consoleSessionId === consoleSessionId),
    },
  );
  if (opened.status !== 0) throw new SessionRefused(opened.status, 'Open Session');
  if (grantedSuite(opened, suite) === undefined) {
    throw new IpmiError(
      'downgrade',
      `the BMC answers suite ${suite.id} with other algorithms: it may be somebody else`,
    );
  }
  const bmcSessionId = opened.bmcSessionId as number;
  const half = {
    suite,
    consoleSessionId,
    bmcSessionId,
    consoleRandom: random(RANDOM_BYTES),
    role: roleByte(options.privilege),
    userName: credentials.userName,
    password: credentials.password,
    ...(credentials.bmcKey === undefined ? {} : { bmcKey: credentials.bmcKey }),
  };
  try {
    return await proveConsole(await proveBmc(half, options, tag), options, tag);
  } catch (error) {
    // Said to the BMC too, so that it frees the session that it keeps for us: it has few, for a minute each.
    const status = SessionStatus.WRONG_CODE;
    const giveUp = encodeRakp3({ tag, status, bmcSessionId, code: new Uint8Array() });
    exchange.send(encodePlainPacket(PayloadType.RAKP_3, giveUp));
    throw error;
  }
}

type Half = Omit<RakpExchange, 'bmcRandom' | 'bmcGuid'>;

/** RAKP 1 and 2: the BMC shows that it knows the password. */
async function proveBmc(half: Half, { exchange, suite, waitMs }: HandshakeOptions, tag: number): Promise<RakpExchange> {
  const { bmcSessionId, consoleSessionId, consoleRandom, role, userName } = half;
  const message = encodeRakp1({ tag, bmcSessionId, consoleRandom, role, userName });
  const answer = await exchange.ask(PayloadType.RAKP_1, message, PayloadType.RAKP_2, waitMs, {
    read: (bytes) => decodeRakp2(bytes, suite),
    isOurs: ({ tag: echoed, status, consoleSessionId: id }) =>
      echoed === tag && (status !== 0 || id === consoleSessionId),
  });
  if (answer.status !== 0) throw new SessionRefused(answer.status, 'RAKP message 2');
  const whole: RakpExchange = {
    ...half,
    bmcRandom: answer.bmcRandom as Uint8Array,
    bmcGuid: answer.bmcGuid as Uint8Array,
  };
  if (!sameCode(rakp2Code(whole), answer.code as Uint8Array)) {
    throw new IpmiError('wrong-password', 'the password is not the BMC’s (its code of RAKP message 2 is another one)');
  }
  return whole;
}

/** RAKP 3 and 4: we do, and both have made the same keys. */
async function proveConsole(
  whole: RakpExchange,
  { exchange, suite, waitMs }: HandshakeOptions,
  tag: number,
): Promise<OpenedSession> {
  const { bmcSessionId, consoleSessionId } = whole;
  const message = encodeRakp3({ tag, status: 0, bmcSessionId, code: rakp3Code(whole) });
  const answer = await exchange.ask(PayloadType.RAKP_3, message, PayloadType.RAKP_4, waitMs, {
    read: (bytes) => decodeRakp4(bytes, suite),
    isOurs: ({ tag: echoed, status, consoleSessionId: id }) =>
      echoed === tag && (status !== 0 || id === consoleSessionId),
  });
  if (answer.status !== 0) throw new SessionRefused(answer.status, 'RAKP message 4');
  const integrityKey = sessionIntegrityKey(whole);
  if (!sameCode(rakp4Code(whole, integrityKey), answer.code as Uint8Array)) {
    throw new IpmiError(
      'wrong-password',
      'the BMC key (Kg) is not the BMC’s (its code of RAKP message 4 is another one)',
    );
  }
  return { consoleSessionId, bmcSessionId, keys: sessionKeys(suite, integrityKey) };
}

function failureOf(status: number): IpmiError['failure'] {
  switch (status) {
    case SessionStatus.NO_SESSION_LEFT:
    case SessionStatus.NO_SESSION_FOR_ROLE:
      return 'no-session';
    case SessionStatus.UNKNOWN_USER:
      return 'unknown-user';
    case SessionStatus.WRONG_CODE:
      return 'wrong-password';
    case 0x09:
    case 0x0a:
      return 'privilege';
    default:
      return 'protocol';
  }
}

function nonZero(bytes: Uint8Array): number {
  const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  return value === 0 ? 1 : value;
}
