import { ByteReader } from '../byte-reader.ts';
import { MalformedPacket } from '../malformed-packet.ts';
import { BLOCK_BYTES } from './block-chain.ts';
import { freshBytes } from './fresh-bytes.ts';
import { readLittle32 } from './little-endian.ts';
import { encodeRmcp, RMCP_HEADER_BYTES, RmcpClass, writeRmcp } from './rmcp.ts';
import type { SessionKeys } from './session-keys.ts';

/** IPMI 2.0 table 13-16. */
export const PayloadType = {
  IPMI: 0x00,
  SOL: 0x01,
  OPEN_SESSION_REQUEST: 0x10,
  OPEN_SESSION_RESPONSE: 0x11,
  RAKP_1: 0x12,
  RAKP_2: 0x13,
  RAKP_3: 0x14,
  RAKP_4: 0x15,
} as const;

/** Authentication types of the session header (IPMI 2.0 table 13-8): none, as before a v1.5 session; RMCP+. */
const AUTH_NONE = 0x00;
const AUTH_RMCP_PLUS = 0x06;
const ENCRYPTED = 0x80;
const AUTHENTICATED = 0x40;
const OEM_EXPLICIT = 0x02;
/** Authentication type, payload type, session id, sequence number, payload length. */
const V20_HEADER_BYTES = 12;
const NEXT_HEADER = 0x07;
/** No IPMI payload is longer; what says so is no packet of ours. */
const MAX_PAYLOAD_BYTES = 1_024;
const READING = 'IPMI session packet';

export interface SessionPacket {
  readonly payloadType: number;
  /** Session id of the receiver, the four bytes as on the wire, read as little-endian; 0 outside of a session. */
  readonly sessionId: number;
  /** 0 outside of a session. */
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Why a packet is dropped: each has a counter. */
export class UnacceptablePacket extends Error {
  readonly reason: 'not-protected' | 'wrong-code' | 'wrong-session' | 'undecipherable';

  constructor(reason: UnacceptablePacket['reason'], message: string) {
    super(message);
    this.name = 'UnacceptablePacket';
    this.reason = reason;
  }
}

/** A message before any session, in IPMI 1.5's form: Get Channel Authentication Capabilities goes so. */
export function encodeV15Packet(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(10 + message.length);
  bytes[0] = AUTH_NONE;
  bytes[9] = message.length;
  bytes.set(message, 10);
  return encodeRmcp(RmcpClass.IPMI, bytes);
}

/** Outside of a session: Open Session and RAKP. */
export function encodePlainPacket(payloadType: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(V20_HEADER_BYTES + payload.length);
  writeHeader(bytes, payloadType, 0, 0, payload.length);
  bytes.set(payload, V20_HEADER_BYTES);
  return encodeRmcp(RmcpClass.IPMI, bytes);
}

/**
 * Encrypted and authenticated (IPMI 2.0 sections 13.28.4 and 13.29).
 *
 * @param iv sixteen bytes, never twice with one key; random unless a test gives them
 */
export function encodeSecurePacket(
  { payloadType, sessionId, sequence, payload }: SessionPacket,
  keys: SessionKeys,
  iv: Uint8Array = freshBytes(BLOCK_BYTES),
): Uint8Array {
  const encrypted = keys.blocks.encrypt(padded(payload), iv);
  const payloadBytes = BLOCK_BYTES + encrypted.length;
  const trailer = V20_HEADER_BYTES + payloadBytes;
  const padBytes = (4 - ((trailer + 2) % 4)) % 4;
  const covered = trailer + padBytes + 2;
  const { integrityBytes } = keys.suite;
  const packet = Buffer.allocUnsafe(RMCP_HEADER_BYTES + covered + integrityBytes);
  writeRmcp(packet, RmcpClass.IPMI);
  const bytes = packet.subarray(RMCP_HEADER_BYTES);
  writeHeader(bytes, payloadType | ENCRYPTED | AUTHENTICATED, sessionId, sequence, payloadBytes);
  bytes.set(iv, V20_HEADER_BYTES);
  bytes.set(encrypted, V20_HEADER_BYTES + BLOCK_BYTES);
  bytes.fill(0xff, trailer, trailer + padBytes);
  bytes[trailer + padBytes] = padBytes;
  bytes[trailer + padBytes + 1] = NEXT_HEADER;
  keys.codes.sign(bytes, covered, integrityBytes);
  return packet;
}

/** What a packet is, before it is known whether it may be believed. @throws MalformedPacket */
export function peekPacket(bytes: Uint8Array): { readonly version: 'v1.5' | 'v2.0'; readonly sessionId: number } {
  const reader = ipmiReader(bytes);
  if (reader.uint8('authentication type') !== AUTH_RMCP_PLUS) return { version: 'v1.5', sessionId: 0 };
  reader.uint8('payload type');
  return { version: 'v2.0', sessionId: readLittle32(reader.view(4, 'session id')) };
}

/** A packet outside of a session, of either version. @throws MalformedPacket; UnacceptablePacket for a protected one */
export function decodePlainPacket(bytes: Uint8Array): SessionPacket {
  const reader = ipmiReader(bytes);
  const authentication = reader.uint8('authentication type');
  if (authentication === AUTH_RMCP_PLUS) {
    const header = readHeader(reader);
    if (header.isEncrypted || header.isAuthenticated || header.sessionId !== 0) {
      throw new UnacceptablePacket('wrong-session', 'a packet of a session, and there is none');
    }
    const { payloadType, sequence } = header;
    return { payloadType, sessionId: 0, sequence, payload: reader.view(header.lengthBytes, 'payload') };
  }
  if (authentication !== AUTH_NONE) reader.fail(`authentication type ${authentication}`, RMCP_HEADER_BYTES);
  const sequence = readLittle32(reader.view(4, 'sequence number'));
  const sessionId = readLittle32(reader.view(4, 'session id'));
  const length = reader.uint8('payload length');
  return { payloadType: PayloadType.IPMI, sessionId, sequence, payload: reader.view(length, 'payload') };
}

/**
 * A packet of a session: its AuthCode is checked before anything else of it is used.
 *
 * @throws MalformedPacket, UnacceptablePacket
 */
export function decodeSecurePacket(bytes: Uint8Array, ownSessionId: number, keys: SessionKeys): SessionPacket {
  const reader = ipmiReader(bytes);
  if (reader.uint8('authentication type') !== AUTH_RMCP_PLUS) {
    throw new UnacceptablePacket('not-protected', 'a packet in IPMI 1.5’s form inside of a session');
  }
  const header = readHeader(reader);
  if (header.sessionId !== ownSessionId) throw new UnacceptablePacket('wrong-session', 'a packet of another session');
  if (!header.isAuthenticated || !header.isEncrypted) {
    throw new UnacceptablePacket('not-protected', 'a packet that is not encrypted and authenticated');
  }
  const encrypted = reader.view(header.lengthBytes, 'payload');
  checkTrailer(reader, bytes.subarray(RMCP_HEADER_BYTES), V20_HEADER_BYTES + encrypted.length, keys);
  const { payloadType, sessionId, sequence } = header;
  return { payloadType, sessionId, sequence, payload: decrypt(encrypted, keys) };
}

function ipmiReader(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes, READING);
  const header = reader.view(RMCP_HEADER_BYTES, 'RMCP header');
  if (header[0] !== 0x06 || header[3] !== RmcpClass.IPMI) reader.fail('it is no IPMI packet', 0);
  return reader;
}

function readHeader(reader: ByteReader) {
  const type = reader.uint8('payload type');
  const payloadType = type & 0x3f;
  if (payloadType === OEM_EXPLICIT) reader.view(6, 'OEM payload id');
  const sessionId = readLittle32(reader.view(4, 'session id'));
  const sequence = readLittle32(reader.view(4, 'sequence number'));
  const low = reader.uint8('payload length');
  const lengthBytes = low | (reader.uint8('payload length') << 8);
  if (lengthBytes > MAX_PAYLOAD_BYTES) reader.fail(`a payload of ${lengthBytes} bytes`);
  const isEncrypted = (type & ENCRYPTED) !== 0;
  return { payloadType, isEncrypted, isAuthenticated: (type & AUTHENTICATED) !== 0, sessionId, sequence, lengthBytes };
}

function writeHeader(into: Uint8Array, type: number, sessionId: number, sequence: number, lengthBytes: number): void {
  const view = new DataView(into.buffer, into.byteOffset);
  into[0] = AUTH_RMCP_PLUS;
  into[1] = type;
  view.setUint32(2, sessionId, true);
  view.setUint32(6, sequence, true);
  view.setUint16(10, lengthBytes, true);
}

/** The AuthCode covers everything from the authentication type to the next-header byte. */
function checkTrailer(reader: ByteReader, packet: Uint8Array, trailer: number, keys: SessionKeys): void {
  const { suite, codes } = keys;
  const covered = packet.length - suite.integrityBytes;
  if (covered < trailer + 2) reader.fail('its trailer is cut short');
  if (!codes.hasSigned(packet.subarray(0, covered), packet.subarray(covered))) {
    throw new UnacceptablePacket('wrong-code', 'a packet whose AuthCode is wrong');
  }
  const padBytes = packet[covered - 2]!;
  // Stacks differ in what they pad with, and in how much: the length is what counts.
  if (trailer + padBytes + 2 !== covered) reader.fail(`its integrity pad says ${padBytes} bytes`);
}

/** Whole blocks (IPMI 2.0 table 13-20): the pad counts 1, 2, 3 …, then comes its length. */
function padded(payload: Uint8Array): Uint8Array {
  const padBytes = (BLOCK_BYTES - ((payload.length + 1) % BLOCK_BYTES)) % BLOCK_BYTES;
  const blocks = Buffer.allocUnsafe(payload.length + padBytes + 1);
  blocks.set(payload);
  for (let index = 0; index < padBytes; index += 1) blocks[payload.length + index] = index + 1;
  blocks[blocks.length - 1] = padBytes;
  return blocks;
}

/** @returns a view */
function decrypt(encrypted: Uint8Array, { blocks }: SessionKeys): Uint8Array {
  if (encrypted.length < 2 * BLOCK_BYTES || encrypted.length % BLOCK_BYTES !== 0) {
    throw new MalformedPacket(READING, V20_HEADER_BYTES, `an encrypted payload of ${encrypted.length} bytes`);
  }
  const text = blocks.decrypt(encrypted.subarray(BLOCK_BYTES), encrypted.subarray(0, BLOCK_BYTES));
  const padBytes = text[text.length - 1]!;
  // What is in the pad differs between stacks; more than a block of it is no pad.
  if (padBytes >= BLOCK_BYTES || padBytes >= text.length) {
    throw new UnacceptablePacket('undecipherable', `a confidentiality pad of ${padBytes} bytes`);
  }
  return text.subarray(0, text.length - 1 - padBytes);
}
