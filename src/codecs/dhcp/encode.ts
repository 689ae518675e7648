import { fitOptions, type OptionPart, optionBytes, wirePosition } from './fit-options.ts';
import type { DhcpMessage, DhcpOptions } from './message.ts';
import {
  FILE_OFFSET,
  HEADER_BYTES,
  MAGIC_COOKIE,
  MAX_FILE_BYTES,
  MAX_SNAME_BYTES,
  MIN_MESSAGE_BYTES,
  SNAME_OFFSET,
} from './wire-format.ts';

/** IPv4 and UDP headers: option 57 counts them (RFC 2131 section 2: 576 is an IP datagram). */
const IP_UDP_BYTES = 28;
const MIN_DATAGRAM_BYTES = 576;
/**
 * One Ethernet frame. EDK2 says 65280 in its REQUEST and 1472 in its DISCOVER: it does not mean it, and boot ROMs do not
 * put fragments together.
 */
const MAX_DATAGRAM_BYTES = 1500;

const OPTIONS_OFFSET = HEADER_BYTES + 4;
const END_BYTES = 1;

export interface EncodeOptions {
  /** Option 57 as the receiver sent it; 576 where it did not. Values beyond 576 to 1500 are taken as these. */
  readonly maxMessageBytes?: number;
  /** Written into from its start; the result is a view of it. A buffer of 1472 bytes is always large enough. */
  readonly into?: Uint8Array;
  /** Gets the codes of options that did not fit, so that they can be told of. */
  readonly dropped?: number[];
}

/** Bytes of DHCP message that fit a receiver who sent this option 57. */
export function messageLimit(maxMessageBytes: number | undefined): number {
  if (maxMessageBytes === undefined || maxMessageBytes <= MIN_DATAGRAM_BYTES) return MIN_DATAGRAM_BYTES - IP_UDP_BYTES;
  return Math.min(maxMessageBytes, MAX_DATAGRAM_BYTES) - IP_UDP_BYTES;
}

/**
 * Writes a message (RFC 2131 section 2), 300 bytes at least. Options: 53, 54, the others by code, 82, END. A value of
 * more than 255 bytes is split (RFC 3396). What exceeds the receiver's limit goes into `file` and `sname` where these
 * are free (option 52); what still does not fit is dropped, the least needed first, and reported in `dropped`.
 *
 * @throws RangeError for a message that can't be written: chaddr that is not hlen bytes long, sname over 63 bytes, file
 *   over 127, option 0, 52 or 255, `into` too small
 */
export function encodeDhcp(message: DhcpMessage, { maxMessageBytes, into, dropped }: EncodeOptions = {}): Uint8Array {
  const { options } = message;
  const limit = messageLimit(maxMessageBytes);
  const fullSize = OPTIONS_OFFSET + sizeOf(options) + END_BYTES;
  const fits = fullSize <= limit;
  const size = Math.max(MIN_MESSAGE_BYTES, fits ? fullSize : limit);
  const target = into ?? new Uint8Array(size);
  if (target.length < size) throw new RangeError(`a message of ${size} bytes does not fit into ${target.length}`);

  writeHeader(target, message);
  let at: number;
  if (fits) {
    at = writeInOrder(target, OPTIONS_OFFSET, options);
  } else {
    const layout = fitOptions(options, {
      main: limit - OPTIONS_OFFSET - END_BYTES,
      file: message.file === '' ? HEADER_BYTES - FILE_OFFSET - END_BYTES : 0,
      sname: message.sname === '' ? FILE_OFFSET - SNAME_OFFSET - END_BYTES : 0,
    });
    at = writeParts(target, OPTIONS_OFFSET, layout.main);
    if (layout.file.length > 0) target[writeParts(target, FILE_OFFSET, layout.file)] = 255;
    if (layout.sname.length > 0) target[writeParts(target, SNAME_OFFSET, layout.sname)] = 255;
    dropped?.push(...layout.dropped);
  }
  target[at] = 255;
  at += END_BYTES;
  const end = Math.max(MIN_MESSAGE_BYTES, at);
  target.fill(0, at, end);
  return end === target.length ? target : target.subarray(0, end);
}

function writeHeader(target: Uint8Array, message: DhcpMessage): void {
  const { chaddr, hlen } = message;
  if (chaddr.length !== hlen || hlen > 16) {
    throw new RangeError(`chaddr has ${chaddr.length} bytes and hlen is ${hlen}: they must agree, and be 16 at most`);
  }
  target[0] = message.op;
  target[1] = message.htype;
  target[2] = hlen;
  target[3] = message.hops;
  putUint32(target, 4, message.xid);
  target[8] = message.secs >>> 8;
  target[9] = message.secs;
  target[10] = message.flags >>> 8;
  target[11] = message.flags;
  putUint32(target, 12, message.ciaddr);
  putUint32(target, 16, message.yiaddr);
  putUint32(target, 20, message.siaddr);
  putUint32(target, 24, message.giaddr);
  target.fill(0, 28, HEADER_BYTES);
  for (let at = 0; at < hlen; at += 1) target[28 + at] = chaddr[at]!;
  if (message.sname !== '') putText(target, SNAME_OFFSET, message.sname, MAX_SNAME_BYTES, 'sname');
  if (message.file !== '') putText(target, FILE_OFFSET, message.file, MAX_FILE_BYTES, 'file');
  putUint32(target, HEADER_BYTES, MAGIC_COOKIE);
}

function sizeOf(options: DhcpOptions): number {
  let size = 0;
  for (const [code, value] of options) {
    checkCode(code);
    size += optionBytes(value.length);
  }
  return size;
}

/** Codes of the message that is being written; the encoder never yields, so one is enough. */
const order = new Int16Array(256);

function writeInOrder(target: Uint8Array, start: number, options: DhcpOptions): number {
  let count = 0;
  for (const code of options.keys()) {
    const position = wirePosition(code);
    // An insertion sort: a dozen codes, most of which come in order already.
    let slot = count;
    for (; slot > 0 && wirePosition(order[slot - 1]!) > position; slot -= 1) order[slot] = order[slot - 1]!;
    order[slot] = code;
    count += 1;
  }
  let at = start;
  for (let slot = 0; slot < count; slot += 1) {
    const code = order[slot]!;
    at = writeValue(target, at, code, options.get(code)!);
  }
  return at;
}

function writeParts(target: Uint8Array, start: number, parts: readonly OptionPart[]): number {
  let at = start;
  for (const { code, value } of parts) at = writeValue(target, at, code, value);
  return at;
}

function writeValue(target: Uint8Array, start: number, code: number, value: Uint8Array): number {
  let at = start;
  let from = 0;
  do {
    const length = Math.min(255, value.length - from);
    target[at] = code;
    target[at + 1] = length;
    at += 2;
    if (length > 32) {
      target.set(length === value.length ? value : value.subarray(from, from + length), at);
    } else {
      // Most values have 1 to 16 bytes, where `set` costs more than the copy.
      for (let index = 0; index < length; index += 1) target[at + index] = value[from + index]!;
    }
    at += length;
    from += length;
  } while (from < value.length);
  return at;
}

function checkCode(code: number): void {
  if (code === 0 || code === 52 || code >= 255 || code < 0 || !Number.isInteger(code)) {
    throw new RangeError(`option ${code} is not one that a message can be given: the encoder writes 0, 52 and 255`);
  }
}

function putText(target: Uint8Array, start: number, text: string, maxBytes: number, field: string): void {
  if (text.length > maxBytes) throw new RangeError(`${field} has ${text.length} bytes, ${maxBytes} fit`);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0 || code > 0xff) throw new RangeError(`${field} has a NUL or a character beyond Latin-1 at ${at}`);
    target[start + at] = code;
  }
}

function putUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}
