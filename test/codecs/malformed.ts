import assert from 'node:assert/strict';
import { MalformedPacket } from '../../src/codecs/malformed-packet.ts';

/** Asserts that reading refuses its bytes, for this reason. */
export function malformed(read: () => unknown, pattern: RegExp): void {
  assert.throws(read, (error) => error instanceof MalformedPacket && pattern.test(error.message), `${pattern}`);
}

export function latin1Bytes(words: string): Uint8Array {
  return Uint8Array.from(Buffer.from(words, 'latin1'));
}
