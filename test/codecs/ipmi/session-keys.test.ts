import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { BlockChain } from '../../../src/codecs/ipmi/block-chain.ts';
import { CIPHER_SUITES } from '../../../src/codecs/ipmi/cipher-suite.ts';
import { KeyedHash, keyedHash } from '../../../src/codecs/ipmi/keyed-hash.ts';

describe('a keyed hash', () => {
  for (const suite of CIPHER_SUITES) {
    test(`is the HMAC of node:crypto with ${suite.hash}, for keys and messages of any length`, () => {
      for (let bytes = 0; bytes < 4_000; bytes += 97) {
        const key = randomBytes(bytes % 65);
        const message = randomBytes(bytes);
        const expected = createHmac(suite.hash, key).update(message).digest();
        const keyed = new KeyedHash(suite, key);
        assert.deepEqual(Buffer.from(keyedHash(suite, key, message.subarray(0, 7), message.subarray(7))), expected);
        const signed = Buffer.concat([message, Buffer.alloc(12)]);
        keyed.sign(signed, message.length, 12);
        assert.deepEqual(signed, Buffer.concat([message, expected.subarray(0, 12)]));
        assert.ok(keyed.hasSigned(message, expected.subarray(0, 12)));
        const forged = Uint8Array.from(expected.subarray(0, 12));
        forged[11]! ^= 1;
        assert.ok(!keyed.hasSigned(message, forged));
      }
    });
  }

  test('takes no key that it would have to shorten', () => {
    assert.throws(() => new KeyedHash(CIPHER_SUITES[0]!, new Uint8Array(65)), RangeError);
  });
});

describe('a chain of blocks', () => {
  test('gives each message what a cipher object of its own gives it, in whatever order they come', () => {
    const key = randomBytes(16);
    const chain = new BlockChain(key);
    for (let turn = 0; turn < 200; turn += 1) {
      const iv = randomBytes(16);
      const text = randomBytes(16 * (1 + (turn % 17)));
      const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
      const expected = Buffer.concat([cipher.update(text), cipher.final()]);
      assert.deepEqual(Buffer.from(chain.encrypt(Uint8Array.from(text), iv)), expected);
      if (turn % 50 === 0) chain.end();
      if (turn % 3 === 0) continue;
      const decipher = createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
      const plain = Buffer.concat([decipher.update(expected), decipher.final()]);
      assert.deepEqual(Buffer.from(chain.decrypt(expected, iv)), plain);
      assert.deepEqual(plain, text);
    }
  });
});
