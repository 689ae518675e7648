import { MalformedPacket } from '../malformed-packet.ts';
import { skipName, type WireName } from './name.ts';
import { Flag, HEADER_BYTES, Opcode, RecordType } from './wire-format.ts';

const READING = 'DNS query';
/** A client has no reason to send more: OPT, a TSIG, a SIG(0). */
const MAX_RECORDS = 8;

/** What a client says of itself (RFC 6891). */
export interface Edns {
  readonly version: number;
  /** Largest UDP answer that it takes; below 512 means 512. */
  readonly payloadBytes: number;
  /** DO (RFC 3225). */
  readonly dnssecOk: boolean;
  /** It sent options: a cookie, a client subnet. Another one each time, mostly. */
  readonly hasOptions: boolean;
}

export interface Question {
  /** As it was sent: its case goes into the answer. */
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
}

export interface DnsQuery {
  readonly id: number;
  /** The header's second word. */
  readonly flags: number;
  readonly opcode: number;
  readonly question: Question;
  /** The question as it was sent, to be repeated in the answer. */
  readonly questionBytes: Uint8Array;
  readonly edns?: Edns;
}

/** Of a message that may be malformed behind it. Undefined where not even the header is there. */
export function readHeader(bytes: Uint8Array): { readonly id: number; readonly flags: number } | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  return { id: (bytes[0]! << 8) | bytes[1]!, flags: (bytes[2]! << 8) | bytes[3]! };
}

/**
 * A query of exactly one question (RFC 9619). Copies nothing: its views are valid as long as `bytes` are.
 * @throws MalformedPacket also for another opcode, whose questions are other things
 */
export function readQuery(bytes: Uint8Array): DnsQuery {
  const header = readHeader(bytes);
  if (header === undefined) throw new MalformedPacket(READING, bytes.length, 'the header is cut short');
  const { id, flags } = header;
  const opcode = (flags & Flag.OPCODE) >>> 11;
  if ((flags & Flag.QR) !== 0) throw new MalformedPacket(READING, 2, 'it is an answer');
  if (opcode !== Opcode.QUERY) throw new MalformedPacket(READING, 2, `opcode ${opcode}`);
  const count = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  if (count(4) !== 1) throw new MalformedPacket(READING, 4, `it has ${count(4)} questions`);
  const nameEnd = skipName(bytes, HEADER_BYTES);
  const end = nameEnd + 4;
  if (end > bytes.length) throw new MalformedPacket(READING, nameEnd, 'the question is cut short');
  const question = {
    name: bytes.subarray(HEADER_BYTES, nameEnd),
    type: count(nameEnd),
    class: count(nameEnd + 2),
  };
  const edns = readEdns(bytes, end, count(6) + count(8), count(10));
  return {
    id,
    flags,
    opcode,
    question,
    questionBytes: bytes.subarray(HEADER_BYTES, end),
    ...(edns === undefined ? {} : { edns }),
  };
}

/** Walks the records behind the question; of those only OPT says something to a server. */
function readEdns(bytes: Uint8Array, start: number, before: number, additional: number): Edns | undefined {
  if (before + additional === 0) return undefined;
  if (before + additional > MAX_RECORDS) {
    throw new MalformedPacket(READING, 6, `it has ${before + additional} records`);
  }
  let edns: Edns | undefined;
  let at = start;
  for (let index = 0; index < before + additional; index += 1) {
    const fixed = skipName(bytes, at);
    if (fixed + 10 > bytes.length) throw new MalformedPacket(READING, at, 'a record is cut short');
    const type = (bytes[fixed]! << 8) | bytes[fixed + 1]!;
    const dataBytes = (bytes[fixed + 8]! << 8) | bytes[fixed + 9]!;
    const end = fixed + 10 + dataBytes;
    if (end > bytes.length) throw new MalformedPacket(READING, fixed, 'the data of a record is cut short');
    if (type === RecordType.OPT) {
      if (bytes[at] !== 0) throw new MalformedPacket(READING, at, 'OPT belongs to the root');
      if (index < before) throw new MalformedPacket(READING, at, 'OPT is not in the additional section');
      if (edns !== undefined) throw new MalformedPacket(READING, at, 'it has two OPT records');
      checkOptions(bytes, fixed + 10, end);
      edns = {
        version: bytes[fixed + 5]!,
        payloadBytes: (bytes[fixed + 2]! << 8) | bytes[fixed + 3]!,
        dnssecOk: (bytes[fixed + 6]! & 0x80) !== 0,
        hasOptions: dataBytes > 0,
      };
    }
    at = end;
  }
  return edns;
}

function checkOptions(bytes: Uint8Array, start: number, end: number): void {
  let at = start;
  while (at < end) {
    if (at + 4 > end) throw new MalformedPacket(READING, at, 'an EDNS option is cut short');
    at += 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
  }
  if (at !== end) throw new MalformedPacket(READING, at, 'an EDNS option goes on behind OPT');
}

/** The question alone, for a query of ours. */
export function encodeQuestion(question: Question): Uint8Array {
  const { name, type } = question;
  const bytes = new Uint8Array(name.length + 4);
  bytes.set(name);
  bytes[name.length] = type >>> 8;
  bytes[name.length + 1] = type;
  bytes[name.length + 2] = question.class >>> 8;
  bytes[name.length + 3] = question.class;
  return bytes;
}
