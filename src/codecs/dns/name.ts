import { MalformedPacket } from '../malformed-packet.ts';
import { latin1 } from '../text.ts';

/** RFC 1035 section 2.3.4. */
export const MAX_NAME_BYTES = 255;
export const MAX_LABEL_BYTES = 63;
/** A name of 255 bytes has no more labels, and each pointer that is worth its bytes stands behind one. */
const MAX_POINTERS = 127;
const READING = 'DNS name';

/**
 * A name on the wire without compression: lengths, labels, and the root's zero at the end. Names are compared and kept
 * in this form: as text, a label with a dot in it would look like two.
 */
export type WireName = Uint8Array;

export const ROOT: WireName = Uint8Array.of(0);

/**
 * Where the name ends in the message. Every part of it is looked at: pointers lead strictly backwards (RFC 1035 section
 * 4.1.4, "a prior occurrence"), so that none goes round in circles, and they are few.
 * @throws MalformedPacket
 */
export function skipName(message: Uint8Array, start: number): number {
  return walkName(message, start, undefined).end;
}

/** The name without compression. @throws MalformedPacket */
export function readName(message: Uint8Array, start: number): { readonly name: WireName; readonly end: number } {
  const labels: Uint8Array[] = [];
  const { end, nameBytes } = walkName(message, start, labels);
  const name = new Uint8Array(nameBytes);
  let at = 0;
  for (const label of labels) {
    name.set(label, at);
    at += label.length;
  }
  return { name, end };
}

function walkName(
  message: Uint8Array,
  start: number,
  labels: Uint8Array[] | undefined,
): { end: number; nameBytes: number } {
  let at = start;
  /** Pointers lead to before it. */
  let floor = start;
  let end = -1;
  let nameBytes = 1;
  let pointers = 0;
  for (;;) {
    const length = message[at];
    if (length === undefined) throw new MalformedPacket(READING, at, 'it goes on behind the message');
    if (length === 0) break;
    if (length <= MAX_LABEL_BYTES) {
      const next = at + 1 + length;
      if (next >= message.length) throw new MalformedPacket(READING, at, 'a label goes on behind the message');
      nameBytes += 1 + length;
      if (nameBytes > MAX_NAME_BYTES) throw new MalformedPacket(READING, start, `it is over ${MAX_NAME_BYTES} bytes`);
      labels?.push(message.subarray(at, next));
      at = next;
      continue;
    }
    if (length < 0xc0) throw new MalformedPacket(READING, at, `a label has the length byte ${length}`);
    const low = message[at + 1];
    if (low === undefined) throw new MalformedPacket(READING, at, 'a pointer is cut short');
    if (end === -1) end = at + 2;
    const target = ((length & 0x3f) << 8) | low;
    if (target >= floor) throw new MalformedPacket(READING, at, 'a pointer does not lead backwards');
    pointers += 1;
    if (pointers > MAX_POINTERS) throw new MalformedPacket(READING, start, `it has over ${MAX_POINTERS} pointers`);
    floor = target;
    at = target;
  }
  return { end: end === -1 ? at + 1 : end, nameBytes };
}

/**
 * @param text `dgx01.pod1.example.com`, a dot at the end makes no difference; every character is one byte
 * @throws RangeError for what is no name
 */
export function wireName(text: string): WireName {
  const trimmed = text.endsWith('.') ? text.slice(0, -1) : text;
  if (trimmed === '') return ROOT;
  return wireNameOfLabels(trimmed.split('.'));
}

/** @throws RangeError for a label that is empty, too long or not of single bytes, or too many of them */
export function wireNameOfLabels(labels: readonly string[]): WireName {
  let size = 1;
  for (const label of labels) {
    if (label.length === 0 || label.length > MAX_LABEL_BYTES) {
      throw new RangeError(`a label has 1 to ${MAX_LABEL_BYTES} characters, ${JSON.stringify(label)} does not`);
    }
    size += 1 + label.length;
  }
  if (size > MAX_NAME_BYTES) throw new RangeError(`a name has at most ${MAX_NAME_BYTES} bytes, this one has ${size}`);
  const name = new Uint8Array(size);
  let at = 0;
  for (const label of labels) {
    name[at++] = label.length;
    for (let index = 0; index < label.length; index += 1) {
      const code = label.charCodeAt(index);
      if (code > 0xff) throw new RangeError(`${JSON.stringify(label)} has a character beyond Latin-1`);
      name[at++] = code;
    }
  }
  return name;
}

/** Labels from left to right, one character a byte. */
export function labelsOf(name: WireName): string[] {
  const labels: string[] = [];
  for (let at = 0; name[at] !== undefined && name[at] !== 0; at += 1 + name[at]!) {
    labels.push(latin1(name, at + 1, at + 1 + name[at]!));
  }
  return labels;
}

/** For people: without a dot at the end, odd bytes as `\032` (RFC 4343 section 2.1). */
export function nameText(name: WireName): string {
  if (name.length <= 1) return '.';
  return labelsOf(name)
    .map((label) =>
      label.replace(/[^A-Za-z0-9_*-]/g, (char) =>
        char === '.' || char === '\\' ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
      ),
    )
    .join('.');
}

/** Large letters of ASCII become small ones, nothing else changes (RFC 4343). Length bytes are below them all. */
export function lowerCased(name: WireName): WireName {
  const lower = new Uint8Array(name.length);
  for (let at = 0; at < name.length; at += 1) {
    const byte = name[at]!;
    lower[at] = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
  }
  return lower;
}

/** For maps: two names have the same key where DNS calls them equal. */
export function nameKey(name: WireName): string {
  return latin1(lowerCased(name));
}

/** Where in `name` the labels of `suffix` begin; undefined where it does not end with them. Both in lower case. */
export function suffixStart(name: WireName, suffix: WireName): number | undefined {
  const start = name.length - suffix.length;
  if (start < 0) return undefined;
  let at = 0;
  while (at < start) at += 1 + name[at]!;
  if (at !== start) return undefined;
  for (let index = 0; index < suffix.length; index += 1) {
    if (name[start + index] !== suffix[index]) return undefined;
  }
  return start;
}
