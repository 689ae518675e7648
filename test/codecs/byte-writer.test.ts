import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteWriter } from '../../src/codecs/byte-writer.ts';

test('fields are written one after another, big-endian, and the buffer grows', () => {
  const writer = new ByteWriter().uint8(1, 'a').uint16(0x8002, 'b').uint32(0xff000003, 'c');
  writer.copy(new Uint8Array(100).fill(9), 'd').uint8(4, 'e');
  const bytes = writer.finish();
  assert.equal(bytes.length, 108);
  assert.deepEqual(bytes.subarray(0, 8), Uint8Array.of(1, 0x80, 2, 0xff, 0, 0, 3, 9));
  assert.equal(bytes[107], 4);
});

test('a value that has no room in its field is refused, never cut', () => {
  const cases: readonly [string, () => unknown][] = [
    ['uint8', () => new ByteWriter().uint8(256, 'layer')],
    ['uint16', () => new ByteWriter().uint16(0x10000, 'layer')],
    ['uint32', () => new ByteWriter().uint32(2 ** 32, 'layer')],
    ['negative', () => new ByteWriter().uint32(-1, 'layer')],
    ['fraction', () => new ByteWriter().uint8(1.5, 'layer')],
  ];
  for (const [name, write] of cases) assert.throws(write, /^RangeError: layer must be a whole number/, name);
});

test('what goes beyond the limit is refused', () => {
  const writer = new ByteWriter(4).uint16(1, 'a');
  assert.throws(() => writer.uint32(1, 'address'), /^RangeError: address wants 4 bytes at 2, beyond the limit of 4$/);
  assert.equal(writer.uint16(2, 'b').finish().length, 4);
});
