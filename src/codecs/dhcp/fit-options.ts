import type { DhcpOptions } from './message.ts';
import { OVERLOAD } from './wire-format.ts';

/** One option as it stands on the wire: at most 255 bytes of value, maybe part of a longer one (RFC 3396). */
export interface OptionPart {
  readonly code: number;
  readonly value: Uint8Array;
}

export interface OptionLayout {
  /** In the order in which they are written. */
  readonly main: readonly OptionPart[];
  readonly file: readonly OptionPart[];
  readonly sname: readonly OptionPart[];
  /** Codes of the options that fit nowhere. */
  readonly dropped: readonly number[];
}

/** Bytes of each field, without its END. */
export interface OptionRoom {
  readonly main: number;
  /** 0 where the field has a text of its own. */
  readonly file: number;
  readonly sname: number;
}

/**
 * What a client needs most comes first: without the first line it has no lease, without the second no network, without
 * the third no boot program. All others follow by code. Option 82 is before what it could crowd out: a relay that
 * does not find its own option again may not know where the client is (RFC 3046 section 2.2).
 */
const NEEDED_MOST: readonly number[] = [
  ...[53, 54, 51, 82, 61, 58, 59],
  ...[1, 3, 121, 33, 26, 28],
  ...[60, 97, 43, 66, 67, 150, 175],
  ...[6, 15, 12, 119, 42],
];
const RANK: readonly number[] = Array.from({ length: 256 }, (_, code) => {
  const rank = NEEDED_MOST.indexOf(code);
  return rank === -1 ? NEEDED_MOST.length + code : rank;
});

/** Bytes on the wire of an option with a value of this length: a code and a length for each 255 bytes. */
export function optionBytes(valueBytes: number): number {
  return valueBytes <= 255 ? valueBytes + 2 : valueBytes + 2 * Math.ceil(valueBytes / 255);
}

/** 53 and 54 first (some boot ROMs look no further), then by code, 82 at the end (RFC 3046 section 2.1). */
export function wirePosition(code: number): number {
  if (code === 53) return -2;
  if (code === 54) return -1;
  return code === 82 ? 256 : code;
}

/**
 * Options that do not fit into their own field go to `file` and `sname` (option overload, RFC 2131 section 4.1), the
 * least needed ones first, whole where that is possible: firmware that knows option 52 may not know RFC 3396. One that
 * fits nowhere is dropped.
 */
export function fitOptions(options: DhcpOptions, room: OptionRoom): OptionLayout {
  const canOverload = room.file > 0 || room.sname > 0;
  const main = new Field(room.main - (canOverload ? optionBytes(1) : 0));
  const file = new Field(room.file);
  const sname = new Field(room.sname);
  const dropped: number[] = [];

  const neededMostFirst = [...options].sort(([a], [b]) => RANK[a]! - RANK[b]!);
  for (const [code, value] of neededMostFirst) {
    // dhcrelay and switches look for 53, 54 and 82 in the options field alone.
    const fields = code === 82 || code === 53 || code === 54 ? [main] : [main, file, sname];
    const whole = fields.find((field) => field.free >= optionBytes(value.length));
    if (whole !== undefined) whole.add(code, value);
    else if (value.length > 0 && together(fields) >= value.length) spread(code, value, fields);
    else dropped.push(code);
  }

  const overload = (file.parts.length > 0 ? OVERLOAD.file : 0) | (sname.parts.length > 0 ? OVERLOAD.sname : 0);
  if (overload !== 0) main.parts.push({ code: OVERLOAD.code, value: Uint8Array.of(overload) });
  return { main: main.inOrder(), file: file.inOrder(), sname: sname.inOrder(), dropped };
}

/** The longest value that the fields can hold between them. */
function together(fields: readonly Field[]): number {
  return fields.reduce((sum, field) => sum + field.longestValue(), 0);
}

/** Parts are read back in the order options, file, sname (RFC 3396 section 5), which is the order of `fields`. */
function spread(code: number, value: Uint8Array, fields: readonly Field[]): void {
  let at = 0;
  for (const field of fields) {
    const end = Math.min(value.length, at + field.longestValue());
    if (end > at) field.add(code, value.subarray(at, end));
    at = end;
  }
}

class Field {
  free: number;
  readonly parts: OptionPart[] = [];

  constructor(room: number) {
    this.free = room;
  }

  /** The longest value that still fits, in as many parts as it takes. */
  longestValue(): number {
    const fullParts = Math.floor(Math.max(0, this.free) / 257);
    return fullParts * 255 + Math.max(0, this.free - fullParts * 257 - 2);
  }

  add(code: number, value: Uint8Array): void {
    this.free -= optionBytes(value.length);
    let at = 0;
    do {
      this.parts.push({ code, value: value.subarray(at, at + 255) });
      at += 255;
    } while (at < value.length);
  }

  inOrder(): OptionPart[] {
    return this.parts.sort((a, b) => wirePosition(a.code) - wirePosition(b.code));
  }
}
