import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  uint8Option,
  uint8Value,
  uint16Option,
  uint16Value,
  uint32Option,
  uint32Value,
} from '../../../src/codecs/dhcp/option-fields.ts';
import { fromHex } from '../golden/from-hex.ts';
import { malformed } from '../malformed.ts';
import { uint32 } from './messages.ts';

test('a number that was written is read again', () => {
  fc.assert(
    fc.property(uint32, (number) => {
      assert.equal(uint32Option(new Map([[51, uint32Value(number)]]), 51), number);
      assert.equal(uint16Option(new Map([[57, uint16Value(number & 0xffff)]]), 57), number & 0xffff);
      assert.equal(uint8Option(new Map([[53, uint8Value(number & 0xff)]]), 53), number & 0xff);
    }),
  );
});

test('an option that is absent is undefined, one that is 0 is 0', () => {
  assert.equal(uint32Option(new Map(), 50), undefined);
  assert.equal(uint16Option(new Map(), 57), undefined);
  assert.equal(uint8Option(new Map(), 53), undefined);
  assert.equal(uint32Option(new Map([[51, fromHex('00000000')]]), 51), 0);
  assert.equal(uint16Option(new Map([[57, fromHex('0000')]]), 57), 0);
});

test('another length is malformed, and named by its option', () => {
  malformed(() => uint32Option(new Map([[50, fromHex('0a4d00')]]), 50), /^DHCP option 50: has 3 bytes, not 4/);
  malformed(() => uint16Option(new Map([[57, fromHex('05c000')]]), 57), /has 3 bytes, not 2/);
  malformed(() => uint8Option(new Map([[53, fromHex('')]]), 53), /has 0 bytes, not 1/);
});
