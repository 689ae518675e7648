const utf8Strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8 = new TextEncoder();

/** One byte, one character: loses nothing, whatever a client sends. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

/** @throws RangeError for a character above U+00FF */
export function latin1Bytes(text: string, what: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0xff) throw new RangeError(`${what} has a character beyond Latin-1 at ${at}`);
    bytes[at] = code;
  }
  return bytes;
}

export function utf8Bytes(text: string): Uint8Array {
  return utf8.encode(text);
}

/** Undefined where the bytes are not UTF-8. */
export function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return utf8Strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The position of the first NUL in [start, end), or `end`. */
export function nulOrEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== 0) at += 1;
  return at;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

/** Lower case, nothing between: `01525400770001`. */
export function hex(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 1) text += HEX[bytes[at]!];
  return text;
}

/** Undefined for anything but pairs of hex digits, optionally with one `:`, `-` or space between each two pairs. */
export function hexBytes(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{2}(?:([:\- ]?)[0-9a-f]{2}(?:\1[0-9a-f]{2})*)?$/i.test(text)) return undefined;
  const digits = text.replace(/[^0-9a-f]/gi, '');
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
