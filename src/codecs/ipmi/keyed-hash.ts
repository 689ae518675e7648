import { hash, timingSafeEqual } from 'node:crypto';
import type { CipherSuite } from './cipher-suite.ts';

/** Of SHA-1 and SHA-256 alike: a key is filled up to it. */
const BLOCK_BYTES = 64;
const INNER = 0x36;
const OUTER = 0x5c;
/** Room for a block and any packet of a session. */
const scratch = Buffer.allocUnsafeSlow(BLOCK_BYTES + 2_048);
const outerScratch = Buffer.allocUnsafeSlow(BLOCK_BYTES + 32);
const codeScratch = Buffer.allocUnsafeSlow(32);
const padScratch = new Uint8Array(2 * BLOCK_BYTES);

/**
 * HMAC (RFC 2104) with one key, for many messages. An Hmac object of node:crypto takes its key anew for each message, costs
 * three times as much, and its native half keeps the garbage collector busy: a session makes two codes for each command.
 */
export class KeyedHash {
  readonly #suite: CipherSuite;
  readonly #pads = new Uint8Array(2 * BLOCK_BYTES);

  /** @param key none of IPMI's is longer than a block. @throws RangeError */
  constructor(suite: CipherSuite, key: Uint8Array) {
    this.#suite = suite;
    pad(key, this.#pads);
  }

  /** Writes the first `count` bytes of the code of the packet so far behind it, which is where a packet has it. */
  sign(packet: Uint8Array, messageBytes: number, count: number): void {
    const code = codeOf(this.#suite, this.#pads, [packet.subarray(0, messageBytes)]);
    for (let index = 0; index < count; index += 1) packet[messageBytes + index] = code[index]!;
  }

  /** Compares in constant time. */
  hasSigned(message: Uint8Array, code: Uint8Array): boolean {
    return timingSafeEqual(codeOf(this.#suite, this.#pads, [message]).subarray(0, code.length), code);
  }
}

/** HMAC of the parts, one after another, with a key that is used once. @throws RangeError as a KeyedHash */
export function keyedHash(suite: CipherSuite, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  pad(key, padScratch);
  return Uint8Array.from(codeOf(suite, padScratch, parts).subarray(0, suite.hashBytes));
}

/** The key as the inner hash begins with it, and as the outer one does. */
function pad(key: Uint8Array, pads: Uint8Array): void {
  if (key.length > BLOCK_BYTES) throw new RangeError(`a key of ${key.length} bytes`);
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    const byte = key[index] ?? 0;
    pads[index] = INNER ^ byte;
    pads[BLOCK_BYTES + index] = OUTER ^ byte;
  }
}

/** Valid until the next one; what is behind the code is of no meaning. */
function codeOf(suite: CipherSuite, pads: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  let lengthBytes = BLOCK_BYTES;
  for (const part of parts) lengthBytes += part.length;
  const message = lengthBytes <= scratch.length ? scratch : Buffer.allocUnsafe(lengthBytes);
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    message[index] = pads[index]!;
    outerScratch[index] = pads[BLOCK_BYTES + index]!;
  }
  let at = BLOCK_BYTES;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  const { hash: algorithm, hashBytes } = suite;
  // As text of one byte a character: a buffer of its own for each digest costs more than the digest.
  outerScratch.write(hash(algorithm, message.subarray(0, lengthBytes), 'binary'), BLOCK_BYTES, 'latin1');
  codeScratch.write(hash(algorithm, outerScratch.subarray(0, BLOCK_BYTES + hashBytes), 'binary'), 0, 'latin1');
  return codeScratch;
}

/** In constant time. */
export function sameCode(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
