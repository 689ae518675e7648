import type { DnsRecord, Section } from './message.ts';
import { lowerCased, suffixStart, type WireName } from './name.ts';
import { Flag, HEADER_BYTES, MAX_MESSAGE_BYTES, Rcode, RecordType } from './wire-format.ts';

/** What goes into an OPT record (RFC 6891 section 6.1). */
export interface OptFields {
  /** Largest UDP message that its sender takes. */
  readonly payloadBytes: number;
  readonly dnssecOk: boolean;
  readonly version?: number;
}

export interface MessageFields {
  readonly id: number;
  /** Without the rcode. */
  readonly flags: number;
  /** Twelve bits; above 15 it takes `opt`. */
  readonly rcode?: number;
  /** As it was asked, or undefined: the question could not be read. */
  readonly questionBytes?: Uint8Array;
  readonly records?: Partial<Readonly<Record<Section, readonly DnsRecord[]>>>;
  readonly opt?: OptFields;
}

const OPT_BYTES = 11;
const POINTER = 0xc000;
/** All messages are written here, one at a time, and copied out when their size is known. */
const room = new Uint8Array(MAX_MESSAGE_BYTES);

/**
 * A message of its own size. Owners that the question's name ends with are pointers to it; other names are written out.
 * @throws RangeError where the message would be over 65,535 bytes
 */
export function encodeMessage(fields: MessageFields): Uint8Array {
  const { questionBytes, records = {}, opt } = fields;
  const rcode = fields.rcode ?? Rcode.NOERROR;
  let at = HEADER_BYTES;
  let asked: WireName | undefined;
  if (questionBytes !== undefined) {
    room.set(questionBytes, at);
    at += questionBytes.length;
    asked = lowerCased(questionBytes.subarray(0, -4));
  }
  const { answer = [], authority = [], additional = [] } = records;
  for (const section of [answer, authority, additional]) {
    for (const record of section) at = writeRecord(record, at, asked);
  }
  if (opt !== undefined) at = writeOpt(opt, rcode, at);
  word(0, fields.id);
  word(2, fields.flags | (rcode & Flag.RCODE));
  word(4, questionBytes === undefined ? 0 : 1);
  word(6, answer.length);
  word(8, authority.length);
  word(10, additional.length + (opt === undefined ? 0 : 1));
  return room.slice(0, at);
}

function writeRecord(record: DnsRecord, start: number, asked: WireName | undefined): number {
  const { name, data } = record;
  const inQuestion = asked === undefined || name.length < 3 ? undefined : suffixStart(asked, lowerCased(name));
  const nameBytes = inQuestion === undefined ? name.length : 2;
  const end = start + nameBytes + 10 + data.length;
  if (end > MAX_MESSAGE_BYTES - OPT_BYTES) throw new RangeError('the DNS message would be over 65,535 bytes');
  if (inQuestion === undefined) room.set(name, start);
  else word(start, POINTER | (HEADER_BYTES + inQuestion));
  const at = start + nameBytes;
  word(at, record.type);
  word(at + 2, record.class);
  word(at + 4, record.ttlSeconds >>> 16);
  word(at + 6, record.ttlSeconds);
  word(at + 8, data.length);
  room.set(data, at + 10);
  return end;
}

function writeOpt(opt: OptFields, rcode: number, at: number): number {
  room[at] = 0;
  word(at + 1, RecordType.OPT);
  word(at + 3, opt.payloadBytes);
  room[at + 5] = rcode >>> 4;
  room[at + 6] = opt.version ?? 0;
  word(at + 7, opt.dnssecOk ? 0x8000 : 0);
  word(at + 9, 0);
  return at + OPT_BYTES;
}

function word(at: number, value: number): void {
  room[at] = value >>> 8;
  room[at + 1] = value;
}
