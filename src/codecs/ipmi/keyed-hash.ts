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

/**
 * HMAC (RFC 2104) with one key, for many messages. An Hmac object of node:crypto takes its key anew for each message, costs
 * three times as much, and its native half keeps the garbage collector busy: a session makes two codes for each command.
 */
export class KeyedHash {
  readonly #suite: CipherSuite;
  readonly #inner = new Uint8Array(BLOCK_BYTES).fill(INNER);
  readonly #outer = new Uint8Array(BLOCK_BYTES).fill(OUTER);

  /** @param key none of IPMI's is longer than a block. @throws RangeError */
  constructor(suite: CipherSuite, key: Uint8Array) {
    if (key.length > BLOCK_BYTES) throw new RangeError(`a key of ${key.length} bytes`);
    this.#suite = suite;
    for (const [index, byte] of key.entries()) {
      this.#inner[index] = INNER ^ byte;
      this.#outer[index] = OUTER ^ byte;
    }
  }

  /** Of the parts, one after another. */
  of(...parts: readonly Uint8Array[]): Uint8Array {
    return Uint8Array.from(this.#code(parts));
  }

  /** Writes the first `count` bytes of the code of `message` behind it, which is where a packet has it. */
  sign(packet: Uint8Array, messageBytes: number, count: number): void {
    packet.set(this.#code([packet.subarray(0, messageBytes)]).subarray(0, count), messageBytes);
  }

  /** Compares in constant time. */
  hasSigned(message: Uint8Array, code: Uint8Array): boolean {
    return timingSafeEqual(this.#code([message]).subarray(0, code.length), code);
  }

  /** Valid until the next one. */
  #code(parts: readonly Uint8Array[]): Uint8Array {
    let lengthBytes = BLOCK_BYTES;
    for (const part of parts) lengthBytes += part.length;
    const message = lengthBytes <= scratch.length ? scratch : Buffer.allocUnsafe(lengthBytes);
    message.set(this.#inner);
    let at = BLOCK_BYTES;
    for (const part of parts) {
      message.set(part, at);
      at += part.length;
    }
    const { hash: algorithm, hashBytes } = this.#suite;
    outerScratch.set(this.#outer);
    // As text of one byte a character: a buffer of its own for each digest costs more than the digest.
    outerScratch.write(hash(algorithm, message.subarray(0, lengthBytes), 'binary'), BLOCK_BYTES, 'latin1');
    codeScratch.write(hash(algorithm, outerScratch.subarray(0, BLOCK_BYTES + hashBytes), 'binary'), 0, 'latin1');
    return codeScratch.subarray(0, hashBytes);
  }
}

/** HMAC of the parts, one after another, with a key that is used once. */
export function keyedHash(suite: CipherSuite, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return new KeyedHash(suite, key).of(...parts);
}

/** In constant time. */
export function sameCode(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
