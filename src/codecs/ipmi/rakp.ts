import { ByteReader } from '../byte-reader.ts';
import type { CipherSuite } from './cipher-suite.ts';
import { keyedHash } from './keyed-hash.ts';
import { little32, readLittle32 } from './little-endian.ts';
import { SessionKeys } from './session-keys.ts';

/** Role bit 4: the user is looked up by name alone, whatever its privilege (IPMI 2.0 table 13-11). */
const NAME_ONLY_LOOKUP = 0x10;
export const MAX_USER_NAME_BYTES = 16;
export const MAX_PASSWORD_BYTES = 20;
export const MAX_BMC_KEY_BYTES = 20;
export const RANDOM_BYTES = 16;
const GUID_BYTES = 16;

/** What both ends bring into the exchange. Session ids and random numbers are hashed as they stand on the wire. */
export interface RakpExchange {
  readonly suite: CipherSuite;
  readonly consoleSessionId: number;
  readonly bmcSessionId: number;
  readonly consoleRandom: Uint8Array;
  readonly bmcRandom: Uint8Array;
  readonly bmcGuid: Uint8Array;
  /** As sent in RAKP message 1, with the bit of the name-only lookup. */
  readonly role: number;
  readonly userName: Uint8Array;
  /** Kuid. */
  readonly password: Uint8Array;
  /** Kg; the password stands for it where the BMC has none. */
  readonly bmcKey?: Uint8Array;
}

export function roleByte(privilege: number): number {
  return NAME_ONLY_LOOKUP | privilege;
}

/** Code of RAKP message 2: the BMC knows the password (IPMI 2.0 section 13.31). */
export function rakp2Code(of: RakpExchange): Uint8Array {
  return keyedHash(
    of.suite,
    of.password,
    little32(of.consoleSessionId),
    little32(of.bmcSessionId),
    of.consoleRandom,
    of.bmcRandom,
    of.bmcGuid,
    Uint8Array.of(of.role, of.userName.length),
    of.userName,
  );
}

/** Code of RAKP message 3: the console knows it too. */
export function rakp3Code(of: RakpExchange): Uint8Array {
  return keyedHash(
    of.suite,
    of.password,
    of.bmcRandom,
    little32(of.consoleSessionId),
    Uint8Array.of(of.role, of.userName.length),
    of.userName,
  );
}

/** Session integrity key (IPMI 2.0 section 13.31). */
export function sessionIntegrityKey(of: RakpExchange): Uint8Array {
  const key = of.bmcKey === undefined || of.bmcKey.length === 0 ? of.password : of.bmcKey;
  const role = Uint8Array.of(of.role, of.userName.length);
  return keyedHash(of.suite, key, of.consoleRandom, of.bmcRandom, role, of.userName);
}

/** Integrity check value of RAKP message 4: the BMC made the same key. */
export function rakp4Code(of: RakpExchange, integrityKey: Uint8Array): Uint8Array {
  const whole = keyedHash(of.suite, integrityKey, of.consoleRandom, little32(of.bmcSessionId), of.bmcGuid);
  return whole.subarray(0, of.suite.integrityBytes);
}

/** IPMI 2.0 section 13.32: constants of twenty bytes, for SHA-256 too. */
export function sessionKeys(suite: CipherSuite, integrityKey: Uint8Array): SessionKeys {
  const constant = (value: number): Uint8Array => new Uint8Array(20).fill(value);
  const k1 = keyedHash(suite, integrityKey, constant(1));
  return new SessionKeys(suite, k1, keyedHash(suite, integrityKey, constant(2)).subarray(0, 16));
}

export interface Rakp1 {
  readonly tag: number;
  readonly bmcSessionId: number;
  readonly consoleRandom: Uint8Array;
  readonly role: number;
  readonly userName: Uint8Array;
}

export function encodeRakp1({ tag, bmcSessionId, consoleRandom, role, userName }: Rakp1): Uint8Array {
  if (userName.length > MAX_USER_NAME_BYTES) throw new RangeError(`a user name of ${userName.length} bytes`);
  const bytes = new Uint8Array(28 + userName.length);
  bytes[0] = tag;
  bytes.set(little32(bmcSessionId), 4);
  bytes.set(consoleRandom, 8);
  bytes[24] = role;
  bytes[27] = userName.length;
  bytes.set(userName, 28);
  return bytes;
}

/** For a BMC. @throws MalformedPacket */
export function decodeRakp1(bytes: Uint8Array): Rakp1 {
  const reader = new ByteReader(bytes, 'RAKP message 1');
  const tag = reader.uint8('message tag');
  reader.view(3, 'reserved');
  const bmcSessionId = readLittle32(reader.view(4, 'BMC session id'));
  const consoleRandom = reader.view(RANDOM_BYTES, 'random number').slice();
  const role = reader.uint8('role');
  reader.view(2, 'reserved');
  const length = reader.uint8('user name length');
  if (length > MAX_USER_NAME_BYTES) reader.fail(`a user name of ${length} bytes`, 27);
  return { tag, bmcSessionId, consoleRandom, role, userName: reader.view(length, 'user name').slice() };
}

interface Answer {
  readonly tag: number;
  /** IPMI 2.0 table 13-15; 0 is success, and all that there is of an error. */
  readonly status: number;
  readonly consoleSessionId?: number;
}

export interface Rakp2 extends Answer {
  readonly bmcRandom?: Uint8Array;
  readonly bmcGuid?: Uint8Array;
  readonly code?: Uint8Array;
}

/** @throws MalformedPacket */
export function decodeRakp2(bytes: Uint8Array, suite: CipherSuite): Rakp2 {
  return readAnswer(bytes, 'RAKP message 2', (reader) => ({
    bmcRandom: reader.view(RANDOM_BYTES, 'random number').slice(),
    bmcGuid: reader.view(GUID_BYTES, 'GUID').slice(),
    code: reader.view(suite.hashBytes, 'key exchange authentication code').slice(),
  }));
}

export function encodeRakp2(message: Required<Rakp2>): Uint8Array {
  return encodeAnswer(message, message.bmcRandom, message.bmcGuid, message.code);
}

export interface Rakp3 {
  readonly tag: number;
  /** Not 0: the exchange ends here, and the BMC may free the session. */
  readonly status: number;
  readonly bmcSessionId: number;
  readonly code: Uint8Array;
}

export function encodeRakp3({ tag, status, bmcSessionId, code }: Rakp3): Uint8Array {
  const bytes = new Uint8Array(8 + (status === 0 ? code.length : 0));
  bytes.set(statusMessage(tag, status, bmcSessionId));
  if (status === 0) bytes.set(code, 8);
  return bytes;
}

/** For a BMC. @throws MalformedPacket */
export function decodeRakp3(bytes: Uint8Array): Rakp3 {
  const reader = new ByteReader(bytes, 'RAKP message 3');
  const tag = reader.uint8('message tag');
  const status = reader.uint8('status');
  reader.view(2, 'reserved');
  const bmcSessionId = readLittle32(reader.view(4, 'BMC session id'));
  return { tag, status, bmcSessionId, code: reader.rest().slice() };
}

export interface Rakp4 extends Answer {
  readonly code?: Uint8Array;
}

/** @throws MalformedPacket */
export function decodeRakp4(bytes: Uint8Array, suite: CipherSuite): Rakp4 {
  return readAnswer(bytes, 'RAKP message 4', (reader) => ({
    code: reader.view(suite.integrityBytes, 'integrity check value').slice(),
  }));
}

export function encodeRakp4(message: Required<Rakp4>): Uint8Array {
  return encodeAnswer(message, message.code);
}

/** What messages 2 and 4 begin with. An error may be shorter than its specification has it: the status counts. */
function readAnswer<Rest>(bytes: Uint8Array, what: string, rest: (reader: ByteReader) => Rest): Answer & Partial<Rest> {
  const reader = new ByteReader(bytes, what);
  const tag = reader.uint8('message tag');
  const status = reader.uint8('status');
  if (status !== 0) return { tag, status } as Answer & Partial<Rest>;
  reader.view(2, 'reserved');
  const consoleSessionId = readLittle32(reader.view(4, 'console session id'));
  return { tag, status, consoleSessionId, ...rest(reader) };
}

function encodeAnswer({ tag, status, consoleSessionId }: Required<Answer>, ...rest: readonly Uint8Array[]): Uint8Array {
  const head = statusMessage(tag, status, consoleSessionId);
  return status === 0 ? Uint8Array.from(Buffer.concat([head, ...rest])) : head;
}

function statusMessage(tag: number, status: number, sessionId: number): Uint8Array {
  return Uint8Array.of(tag, status, 0, 0, ...little32(sessionId));
}
