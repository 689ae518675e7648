import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkNotCutShort,
  DESCRIPTOR_AREA_BYTES,
  NoIsoImage,
  readVolumeDescriptor,
} from '../../src/assets/volume-descriptor.ts';
import { unmet } from '../harness/skip.ts';
import { ISO_TOOLS, makeIso, temporary } from './media.ts';

/** ECMA-119: sector 16, then a terminator. */
function area(change: (bytes: Buffer) => void = () => undefined): Buffer {
  const bytes = Buffer.alloc(18 * 2_048);
  const primary = 16 * 2_048;
  bytes[primary] = 1;
  bytes.write('CD001\x01', primary + 1, 'latin1');
  bytes.write('Ubuntu-Server 24.04.1'.padEnd(32), primary + 40, 'latin1');
  bytes.writeUInt32LE(1_000, primary + 80);
  bytes.writeUInt32BE(1_000, primary + 84);
  bytes.writeUInt16LE(2_048, primary + 128);
  bytes.writeUInt16BE(2_048, primary + 130);
  bytes[17 * 2_048] = 255;
  bytes.write('CD001\x01', 17 * 2_048 + 1, 'latin1');
  change(bytes);
  return bytes;
}

test('a volume descriptor tells the name and the size of the image', () => {
  assert.deepEqual(readVolumeDescriptor(area()), { volumeId: 'Ubuntu-Server 24.04.1', sizeBytes: 2_048_000 });
});

test('the head of an image that another program made is read', { skip: unmet({ tools: ISO_TOOLS }) }, async (test) => {
  const path = await makeIso(await temporary(test), { hello: 'x'.repeat(100_000) }, { volumeId: 'ROCKY_9_4' });
  const bytes = await readFile(path);
  const { volumeId, sizeBytes } = readVolumeDescriptor(bytes.subarray(0, DESCRIPTOR_AREA_BYTES));
  assert.equal(volumeId, 'ROCKY_9_4');
  assert.ok(sizeBytes <= bytes.length && sizeBytes > 100_000, `${sizeBytes} of ${bytes.length}`);
});

test('a boot record before the primary descriptor is passed over', () => {
  const bytes = Buffer.alloc(19 * 2_048);
  area().copy(bytes, 2_048);
  bytes.write('CD001\x01', 16 * 2_048 + 1, 'latin1');
  assert.equal(readVolumeDescriptor(bytes).sizeBytes, 2_048_000);
});

const REFUSALS: readonly (readonly [name: string, bytes: Buffer, message: RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /has 0 bytes, and the head of an ISO image alone has 34816/],
  ['a file that ends in its system area', area().subarray(0, 30_000), /has 30000 bytes/],
  ['a file that ends in its descriptor', area().subarray(0, 34_000), /has 34000 bytes/],
  ['a tar archive', Buffer.alloc(60_000, 'ustar'), /no ISO 9660 image/],
  ['zeros', Buffer.alloc(DESCRIPTOR_AREA_BYTES), /no ISO 9660 image/],
  ['a terminator alone', area((bytes) => void bytes.writeUInt8(255, 16 * 2_048)), /no primary volume descriptor/],
  [
    'descriptors without an end',
    area((bytes) => void bytes.writeUInt8(2, 16 * 2_048)).subarray(0, 17 * 2_048),
    /no primary/,
  ],
  [
    'sizes that contradict each other',
    area((bytes) => void bytes.writeUInt32BE(999, 16 * 2_048 + 84)),
    /contradicts itself/,
  ],
  [
    'blocks of no size',
    area((bytes) => {
      bytes.writeUInt16LE(0, 16 * 2_048 + 128);
      bytes.writeUInt16BE(0, 16 * 2_048 + 130);
    }),
    /1000 blocks of 0 bytes/,
  ],
];

for (const [name, bytes, message] of REFUSALS) {
  test(`refused: ${name}`, () => {
    assert.throws(
      () => readVolumeDescriptor(bytes),
      (error: unknown) => {
        assert.ok(error instanceof NoIsoImage);
        assert.match(error.message, message);
        assert.notEqual(error.mend, undefined);
        return true;
      },
    );
  });
}

test('an image that is shorter than its descriptor says is cut short, by any number of bytes', () => {
  const descriptor = readVolumeDescriptor(area());
  checkNotCutShort(descriptor, 2_048_000);
  checkNotCutShort(descriptor, 2_048_001);
  for (const sizeBytes of [2_047_999, 1_000_000, 34_816, 1]) {
    assert.throws(() => checkNotCutShort(descriptor, sizeBytes), /it is cut short: it has \d+ bytes of the 2048000/);
  }
});

test('whatever the bytes are, they are read or refused, and nothing else', () => {
  const whole = area();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 4_200 }), fc.nat({ max: 255 })), { maxLength: 40 }),
      fc.nat({ max: whole.length }),
      (changes, length) => {
        const bytes = Buffer.from(whole);
        for (const [offset, value] of changes) bytes[16 * 2_048 - 50 + offset] = value;
        try {
          const { volumeId, sizeBytes } = readVolumeDescriptor(bytes.subarray(0, length));
          assert.match(volumeId, /^[ -~]*$/);
          assert.ok(Number.isSafeInteger(sizeBytes) && sizeBytes > 0);
        } catch (error) {
          assert.ok(error instanceof NoIsoImage, String(error));
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

test('a view into the middle of a buffer is read at its own place', () => {
  const padded = Buffer.concat([Buffer.alloc(7), area()]);
  assert.equal(readVolumeDescriptor(padded.subarray(7)).sizeBytes, 2_048_000);
});
