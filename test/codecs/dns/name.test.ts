import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  labelsOf,
  lowerCased,
  nameKey,
  nameText,
  readName,
  skipName,
  suffixStart,
  wireName,
  wireNameOfLabels,
} from '../../../src/codecs/dns/name.ts';
import { MalformedPacket } from '../../../src/codecs/malformed-packet.ts';
import { fromHex } from '../golden/from-hex.ts';

const label = fc.uint8Array({ minLength: 1, maxLength: 63 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const labels = fc.array(label, { maxLength: 3 });

test('any bytes in labels survive, a dot in a label is no border', () => {
  fc.assert(
    fc.property(labels, (parts) => {
      const name = wireNameOfLabels(parts);
      assert.deepEqual(labelsOf(name), parts);
      assert.deepEqual(readName(name, 0), { name, end: name.length });
      assert.equal(skipName(name, 0), name.length);
    }),
  );
  assert.notEqual(nameKey(wireNameOfLabels(['a.b'])), nameKey(wireNameOfLabels(['a', 'b'])));
});

test('names are equal whatever the case of their ASCII letters, and of nothing else', () => {
  assert.equal(nameKey(wireName('DGX01.Pod1.Example.COM')), nameKey(wireName('dgx01.pod1.example.com.')));
  assert.notEqual(nameKey(wireNameOfLabels(['\u00c4'])), nameKey(wireNameOfLabels(['\u00e4'])));
  assert.notEqual(nameKey(wireName('a@')), nameKey(wireName('a`')));
});

test('a suffix is found at borders of labels only', () => {
  const zone = wireName('pod1.example.com');
  assert.equal(suffixStart(wireName('dgx01.pod1.example.com'), zone), 6);
  assert.equal(suffixStart(zone, zone), 0);
  assert.equal(suffixStart(wireName('xpod1.example.com'), zone), undefined);
  assert.equal(suffixStart(wireName('example.com'), zone), undefined);
  // A label whose own bytes look like the zone's.
  assert.equal(suffixStart(wireNameOfLabels(['x\x04pod1\x07example\x03com']), zone), undefined);
});

test('pointers are followed backwards', () => {
  const message = fromHex('03 636f6d 00 07 6578616d706c65 c000 03 777777 c005');
  assert.equal(nameText(readName(message, 15).name), 'www.example.com');
  assert.equal(readName(message, 15).end, 21);
});

const MALFORMED: Readonly<Record<string, string>> = {
  'a pointer to itself': 'c000',
  'a pointer forwards': 'c002 00',
  'two pointers in a circle': '01 61 c000',
  'a length byte of 64 (reserved)': '40 00',
  'a length byte of 128 (reserved)': '80 00',
  'half a pointer': 'c0',
  'a label without its end': '05 616263',
  'no end': '01 61',
  'over 255 bytes': [...Array.from({ length: 4 }, () => '3f'.padEnd(128, '61')), '00'].join(' '),
};
for (const [what, bytes] of Object.entries(MALFORMED)) {
  test(`${what} is malformed`, () => {
    assert.throws(() => skipName(fromHex(bytes), 0), MalformedPacket);
    assert.throws(() => readName(fromHex(bytes), 0), MalformedPacket);
  });
}

test('a long chain of pointers is refused, not followed', () => {
  const chain = new Uint8Array(1 + 2 * 8_000);
  for (let at = 1; at < chain.length; at += 2) {
    const target = Math.max(0, at - 2) & 0x3fff;
    chain[at] = 0xc0 | (target >>> 8);
    chain[at + 1] = target;
  }
  assert.equal(readName(chain, 253).name.length, 1);
  assert.throws(() => skipName(chain, 16_001 - 2), MalformedPacket);
});

test('a name is shown so that it can be read', () => {
  assert.equal(nameText(wireNameOfLabels(['a.b', 'c d', '_tcp'])), 'a\\.b.c\\032d._tcp');
  assert.equal(nameText(Uint8Array.of(0)), '.');
});

test('what is no name is refused', () => {
  assert.throws(() => wireName('a..b'), RangeError);
  assert.throws(() => wireName('x'.repeat(64)), RangeError);
  assert.throws(() => wireName(Array.from({ length: 5 }, () => 'x'.repeat(60)).join('.')), RangeError);
  assert.throws(() => wireName('żółw.example'), RangeError);
  assert.deepEqual(lowerCased(wireName('A')), wireName('a'));
});
