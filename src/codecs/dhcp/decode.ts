import { MalformedPacket } from '../malformed-packet.ts';
import { latin1, nulOrEnd } from '../text.ts';
import { BootOp, type DhcpMessage, type DhcpOptions } from './message.ts';
import { FILE_OFFSET, HEADER_BYTES, MAGIC_COOKIE, OVERLOAD, SNAME_OFFSET } from './wire-format.ts';

const READING = 'DHCP message';

/**
 * Reads a DHCP or BOOTP message (RFC 2131 section 2, RFC 951). Options, chaddr and everything else that is bytes are
 * views of `bytes`: copy what is to outlive the packet.
 *
 * A message without the magic cookie is plain BOOTP and has no options. Messages of 236 to 299 bytes are read: old
 * clients do not pad. Options that are there several times are one value (RFC 3396), over `options`, `file` and `sname`
 * in this order where option 52 says that they carry options. END may be missing where the last option ends with its
 * field.
 *
 * @throws MalformedPacket
 */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage {
  const size = bytes.length;
  if (size < HEADER_BYTES) throw new MalformedPacket(READING, size, `ends before its ${HEADER_BYTES} bytes of header`);
  const op = bytes[0]!;
  if (op !== BootOp.BOOTREQUEST && op !== BootOp.BOOTREPLY) throw new MalformedPacket(READING, 0, `op is ${op}`);
  const hlen = bytes[2]!;
  if (hlen > 16) throw new MalformedPacket(READING, 2, `hlen is ${hlen}, chaddr has 16 bytes`);

  const options: DhcpOptions = new Map();
  let overload = 0;
  if (size >= HEADER_BYTES + 4 && uint32(bytes, HEADER_BYTES) === MAGIC_COOKIE) {
    overload = readAllOptions(bytes, options);
  }
  return {
    op,
    htype: bytes[1]!,
    hlen,
    hops: bytes[3]!,
    xid: uint32(bytes, 4),
    secs: (bytes[8]! << 8) | bytes[9]!,
    flags: (bytes[10]! << 8) | bytes[11]!,
    ciaddr: uint32(bytes, 12),
    yiaddr: uint32(bytes, 16),
    siaddr: uint32(bytes, 20),
    giaddr: uint32(bytes, 24),
    chaddr: bytes.subarray(28, 28 + hlen),
    sname: (overload & OVERLOAD.sname) === 0 ? fieldText(bytes, SNAME_OFFSET, FILE_OFFSET) : '',
    file: (overload & OVERLOAD.file) === 0 ? fieldText(bytes, FILE_OFFSET, HEADER_BYTES) : '',
    options,
  };
}

/** Returns option 52's value, 0 without it. */
function readAllOptions(bytes: Uint8Array, options: DhcpOptions): number {
  let split = readOptions(bytes, HEADER_BYTES + 4, bytes.length, options, undefined);
  const overloadValue = options.get(OVERLOAD.code);
  let overload = 0;
  if (overloadValue !== undefined) {
    overload = overloadValue[0] ?? 0;
    if (overloadValue.length !== 1 || overload < 1 || overload > 3) {
      throw new MalformedPacket(READING, overloadValue.byteOffset - bytes.byteOffset, 'option 52 is not 1, 2 or 3');
    }
    if ((overload & OVERLOAD.file) !== 0) split = readOptions(bytes, FILE_OFFSET, HEADER_BYTES, options, split);
    if ((overload & OVERLOAD.sname) !== 0) split = readOptions(bytes, SNAME_OFFSET, FILE_OFFSET, options, split);
  }
  // Joined once, at the end: joining at each part would let one packet of thousands of parts cost a quadratic copy.
  if (split !== undefined) for (const [code, parts] of split) options.set(code, join(parts));
  options.delete(OVERLOAD.code);
  return overload;
}

type SplitOptions = Map<number, Uint8Array[]>;

/** Returns the parts of options that are there more than once; the map is made only for the packet that has some. */
function readOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  options: DhcpOptions,
  split: SplitOptions | undefined,
): SplitOptions | undefined {
  let parts = split;
  let at = start;
  while (at < end) {
    const code = bytes[at]!;
    if (code === 255) return parts;
    at += 1;
    if (code === 0) continue;
    if (at === end) throw new MalformedPacket(READING, at, `option ${code} has no length`);
    const valueStart = at + 1;
    at = valueStart + bytes[at]!;
    if (at > end) {
      throw new MalformedPacket(
        READING,
        valueStart,
        `option ${code} wants ${at - valueStart} bytes, ${end - valueStart} are left`,
      );
    }
    const value = bytes.subarray(valueStart, at);
    const earlier = options.get(code);
    if (earlier === undefined) {
      options.set(code, value);
    } else {
      parts ??= new Map();
      const known = parts.get(code);
      if (known === undefined) parts.set(code, [earlier, value]);
      else known.push(value);
    }
  }
  return parts;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function fieldText(bytes: Uint8Array, start: number, end: number): string {
  if (bytes[start] === 0) return '';
  return latin1(bytes, start, nulOrEnd(bytes, start, end));
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
