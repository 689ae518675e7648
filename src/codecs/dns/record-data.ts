import { MalformedPacket } from '../malformed-packet.ts';
import { readName } from './name.ts';
import { RecordType } from './wire-format.ts';

const READING = 'DNS record data';

/** What stands in the data of a type whose names may be compressed (RFC 1035, RFC 3597 section 4), in order. */
interface DataLayout {
  /** Bytes in front of the first name. */
  readonly before: number;
  /** Character strings in front of the first name (NAPTR). */
  readonly strings?: number;
  readonly names: number;
  /** Bytes behind the last name. */
  readonly behind?: number;
}

const LAYOUTS: ReadonlyMap<number, DataLayout> = new Map<number, DataLayout>([
  [RecordType.NS, { before: 0, names: 1 }],
  [3, { before: 0, names: 1 }], // MD
  [4, { before: 0, names: 1 }], // MF
  [RecordType.CNAME, { before: 0, names: 1 }],
  [RecordType.SOA, { before: 0, names: 2, behind: 20 }],
  [7, { before: 0, names: 1 }], // MB
  [8, { before: 0, names: 1 }], // MG
  [9, { before: 0, names: 1 }], // MR
  [RecordType.PTR, { before: 0, names: 1 }],
  [14, { before: 0, names: 2 }], // MINFO
  [RecordType.MX, { before: 2, names: 1 }],
  [17, { before: 0, names: 2 }], // RP
  [18, { before: 2, names: 1 }], // AFSDB
  [21, { before: 2, names: 1 }], // RT
  [26, { before: 2, names: 2 }], // PX
  [RecordType.SRV, { before: 6, names: 1 }],
  [35, { before: 4, strings: 3, names: 1 }], // NAPTR
  [36, { before: 2, names: 1 }], // KX
  [39, { before: 0, names: 1 }], // DNAME
]);

/**
 * A copy of a record's data that is valid in any message: names are written out. Data of other types has no names that
 * point anywhere.
 * @throws MalformedPacket where it is not laid out as its type demands
 */
export function expandData(message: Uint8Array, type: number, start: number, end: number): Uint8Array {
  const layout = LAYOUTS.get(type);
  if (layout === undefined) return message.slice(start, end);
  // A name that goes on behind its record is read from bytes that are there, and refused here.
  const within = (at: number): number => {
    if (at > end) throw new MalformedPacket(READING, start, `type ${type} is longer than its record`);
    return at;
  };
  let at = within(start + layout.before);
  for (let left = layout.strings ?? 0; left > 0; left -= 1) at = within(at + 1 + (message[at] ?? 0));
  const parts = [message.subarray(start, at)];
  for (let left = layout.names; left > 0; left -= 1) {
    const { name, end: nameEnd } = readName(message, at);
    parts.push(name);
    at = within(nameEnd);
  }
  if (end - at !== (layout.behind ?? 0)) {
    throw new MalformedPacket(READING, at, `type ${type} has ${end - at} bytes behind its names`);
  }
  parts.push(message.subarray(at, end));
  return concatenated(parts);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
