import { MAX_MESSAGE_BYTES } from '../../codecs/dns/wire-format.ts';
import { MalformedPacket } from '../../codecs/malformed-packet.ts';

const NOTHING = new Uint8Array(0);

/**
 * Takes messages out of a stream: each has its length in two bytes before it (RFC 1035 section 4.2.2), and may come in
 * any pieces, several at once or byte by byte.
 */
export class StreamMessages {
  readonly #maxBytes: number;
  #pending: Uint8Array = NOTHING;

  /** @param maxBytes of one message */
  constructor(maxBytes = MAX_MESSAGE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The messages that are whole now; their bytes are not written to again.
   * @throws MalformedPacket where a message says that it is longer than may be: the stream is of no more use
   */
  take(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    while (bytes.length >= 2) {
      const length = (bytes[0]! << 8) | bytes[1]!;
      if (length > this.#maxBytes) throw new MalformedPacket('DNS stream', 0, `a message of ${length} bytes`);
      if (bytes.length < 2 + length) break;
      messages.push(bytes.subarray(2, 2 + length));
      bytes = bytes.subarray(2 + length);
    }
    this.#pending = bytes.length === 0 ? NOTHING : Uint8Array.from(bytes);
    return messages;
  }
}

/** The message with its length before it, as one piece: two writes would be two segments (RFC 7766 section 8). */
export function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + message.length);
  bytes[0] = message.length >>> 8;
  bytes[1] = message.length;
  bytes.set(message, 2);
  return bytes;
}
