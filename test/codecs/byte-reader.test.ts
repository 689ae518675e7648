import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteReader } from '../../src/codecs/byte-reader.ts';
import { MalformedPacket } from '../../src/codecs/malformed-packet.ts';

test('fields are read one after another, big-endian and unsigned', () => {
  const reader = new ByteReader(Uint8Array.of(1, 0x80, 2, 0xff, 0, 0, 3, 9, 8), 'a test');
  assert.equal(reader.uint8('first'), 1);
  assert.equal(reader.uint16('second'), 0x8002);
  assert.equal(reader.uint32('third'), 0xff000003);
  assert.equal(reader.offset, 7);
  assert.deepEqual(reader.view(1, 'fourth'), Uint8Array.of(9));
  assert.deepEqual(reader.rest(), Uint8Array.of(8));
  assert.equal(reader.remaining, 0);
});

test('a field that is not wholly there says what was read, and where', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3), 'DHCP option 82');
  reader.uint8('code');
  assert.throws(
    () => reader.uint32('link selection'),
    (error) =>
      error instanceof MalformedPacket &&
      error.reading === 'DHCP option 82' &&
      error.offset === 1 &&
      error.message === 'DHCP option 82: link selection wants 4 bytes, 2 are left (at byte 1)',
  );
  assert.equal(reader.offset, 1, 'nothing was consumed');
});

test('a view is no copy', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const view = new ByteReader(bytes, 'a test').view(2, 'view');
  bytes[0] = 7;
  assert.deepEqual(view, Uint8Array.of(7, 2));
});
