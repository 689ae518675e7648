import { MalformedPacket } from '../malformed-packet.ts';
import { readName, skipName, type WireName } from './name.ts';
import type { Question } from './query.ts';
import { expandData } from './record-data.ts';
import { Flag, HEADER_BYTES, RecordType } from './wire-format.ts';

const READING = 'DNS answer';
/** The shortest record: the root's name, type, class, time to live, length. */
const MIN_RECORD_BYTES = 11;

export type Section = 'answer' | 'authority' | 'additional';

/** Where a record lies in its message. Offsets in bytes from the message's start. */
export interface RecordPlace {
  readonly section: Section;
  readonly start: number;
  readonly type: number;
  readonly class: number;
  /** Seconds; with the uppermost bit it counts as 0 (RFC 2181 section 8). */
  readonly ttlSeconds: number;
  readonly ttlOffset: number;
  readonly dataStart: number;
  readonly end: number;
}

/** A record on its own: nothing in it points into a message. */
export interface DnsRecord {
  readonly name: WireName;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  readonly data: Uint8Array;
}

/** A whole message whose every byte has been accounted for. */
export interface DnsMessage {
  readonly bytes: Uint8Array;
  readonly id: number;
  readonly flags: number;
  /** Twelve bits where there is an OPT record. */
  readonly rcode: number;
  readonly question: Question;
  readonly questionEnd: number;
  /** Without OPT. */
  readonly records: readonly RecordPlace[];
  readonly opt?: RecordPlace;
}

/**
 * An answer with its one question, as an upstream server sends it.
 * @throws MalformedPacket also for bytes behind the last record
 */
export function readMessage(bytes: Uint8Array): DnsMessage {
  if (bytes.length < HEADER_BYTES) throw new MalformedPacket(READING, bytes.length, 'the header is cut short');
  const word = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  if (word(4) !== 1) throw new MalformedPacket(READING, 4, `it has ${word(4)} questions`);
  const nameEnd = skipName(bytes, HEADER_BYTES);
  const questionEnd = nameEnd + 4;
  if (questionEnd > bytes.length) throw new MalformedPacket(READING, nameEnd, 'the question is cut short');
  const { records, opt, end } = readPlaces(bytes, questionEnd, [word(6), word(8), word(10)]);
  if (end !== bytes.length) throw new MalformedPacket(READING, end, 'there are bytes behind the last record');
  const flags = word(2);
  return {
    bytes,
    id: word(0),
    flags,
    rcode: (flags & Flag.RCODE) | (opt === undefined ? 0 : bytes[opt.ttlOffset]! << 4),
    question: { name: bytes.subarray(HEADER_BYTES, nameEnd), type: word(nameEnd), class: word(nameEnd + 2) },
    questionEnd,
    records,
    ...(opt === undefined ? {} : { opt }),
  };
}

const SECTIONS: readonly Section[] = ['answer', 'authority', 'additional'];

function readPlaces(bytes: Uint8Array, start: number, counts: readonly number[]) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  // Before anything is made for each of them.
  if (total * MIN_RECORD_BYTES > bytes.length - start) {
    throw new MalformedPacket(READING, 6, `${total} records do not fit into what is left`);
  }
  const records: RecordPlace[] = [];
  let opt: RecordPlace | undefined;
  let at = start;
  for (const [index, section] of SECTIONS.entries()) {
    for (let left = counts[index] ?? 0; left > 0; left -= 1) {
      const place = readPlace(bytes, at, section);
      at = place.end;
      if (place.type !== RecordType.OPT) {
        records.push(place);
        continue;
      }
      if (opt !== undefined || section !== 'additional' || bytes[place.start] !== 0) {
        throw new MalformedPacket(READING, place.start, 'an OPT record where none belongs');
      }
      opt = place;
    }
  }
  return { records, opt, end: at };
}

function readPlace(bytes: Uint8Array, start: number, section: Section): RecordPlace {
  const fixed = skipName(bytes, start);
  const dataStart = fixed + 10;
  if (dataStart > bytes.length) throw new MalformedPacket(READING, start, 'a record is cut short');
  const end = dataStart + ((bytes[fixed + 8]! << 8) | bytes[fixed + 9]!);
  if (end > bytes.length) throw new MalformedPacket(READING, fixed, 'the data of a record is cut short');
  const ttl = (bytes[fixed + 4]! << 24) | (bytes[fixed + 5]! << 16) | (bytes[fixed + 6]! << 8) | bytes[fixed + 7]!;
  return {
    section,
    start,
    type: (bytes[fixed]! << 8) | bytes[fixed + 1]!,
    class: (bytes[fixed + 2]! << 8) | bytes[fixed + 3]!,
    ttlSeconds: Math.max(0, ttl),
    ttlOffset: fixed + 4,
    dataStart,
    end,
  };
}

/** The record taken out of its message, its names written out. @throws MalformedPacket */
export function recordAt(bytes: Uint8Array, place: RecordPlace): DnsRecord {
  return {
    name: readName(bytes, place.start).name,
    type: place.type,
    class: place.class,
    ttlSeconds: place.ttlSeconds,
    data: expandData(bytes, place.type, place.dataStart, place.end),
  };
}
