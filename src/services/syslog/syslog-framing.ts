/** More is no line of a log (RFC 5424 section 6.1 asks for 2,048 at least). */
export const MAX_MESSAGE_BYTES = 8_192;

const LINE_FEED = 0x0a;
const SPACE = 0x20;
/** `8192 `. */
const MAX_COUNT_DIGITS = 4;

/** What a stream holds can't be told apart any more. */
export class BrokenFraming extends Error {}

/**
 * Messages of a TCP stream (RFC 6587): each begins with its length (octet counting) or ends with a line feed; a sender may
 * only do one of them, but it is judged message by message. Holds one unfinished message at most.
 */
export class SyslogFraming {
  #held: Buffer = Buffer.alloc(0);

  /** @throws BrokenFraming for a message that is too long */
  push(chunk: Uint8Array): string[] {
    let bytes = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    const messages: string[] = [];
    for (;;) {
      const message = takeMessage(bytes);
      if (message === undefined) break;
      if (message.text !== '') messages.push(message.text);
      bytes = bytes.subarray(message.sizeBytes);
    }
    if (bytes.length > MAX_MESSAGE_BYTES + MAX_COUNT_DIGITS + 1) throw new BrokenFraming('a message that never ends');
    // A copy: the chunk is the socket's.
    this.#held = Buffer.from(bytes);
    return messages;
  }

  /** What is left when the stream ends. */
  end(): string {
    const text = this.#held.toString('utf8').trim();
    this.#held = Buffer.alloc(0);
    return text;
  }
}

function takeMessage(bytes: Buffer): { readonly text: string; readonly sizeBytes: number } | undefined {
  const counted = countedLength(bytes);
  if (counted !== undefined) {
    const { begin, length } = counted;
    if (length > MAX_MESSAGE_BYTES) throw new BrokenFraming(`a message of ${length} bytes`);
    if (bytes.length < begin + length) return undefined;
    return { text: bytes.toString('utf8', begin, begin + length), sizeBytes: begin + length };
  }
  const end = bytes.indexOf(LINE_FEED);
  if (end < 0) return undefined;
  if (end > MAX_MESSAGE_BYTES) throw new BrokenFraming('a line that is too long');
  return { text: bytes.toString('utf8', 0, end), sizeBytes: end + 1 };
}

/** `123 <34>…`: digits, a space, and a message, which begins with its PRI. */
function countedLength(bytes: Buffer): { readonly begin: number; readonly length: number } | undefined {
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === SPACE && at > 0 && (bytes.length === at + 1 || bytes[at + 1] === 0x3c))
      return { begin: at + 1, length };
    if (byte < 0x30 || byte > 0x39 || at > MAX_COUNT_DIGITS) return undefined;
    length = length * 10 + byte - 0x30;
  }
  return undefined;
}
