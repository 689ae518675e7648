import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNotModified, parseRange, rangeStillHolds } from '../../../src/services/boot/http-range.ts';

const RANGES: [string | undefined, number, ReturnType<typeof parseRange>][] = [
  [undefined, 100, 'whole'],
  ['bytes=0-9', 100, { first: 0, last: 9 }],
  ['bytes=90-', 100, { first: 90, last: 99 }],
  ['bytes=-10', 100, { first: 90, last: 99 }],
  ['bytes=-1000', 100, { first: 0, last: 99 }],
  ['bytes=0-1000', 100, { first: 0, last: 99 }],
  ['BYTES=5-5', 100, { first: 5, last: 5 }],
  ['bytes=100-', 100, 'unsatisfiable'],
  ['bytes=-0', 100, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, 'unsatisfiable'],
  ['bytes=9-5', 100, 'whole'],
  ['bytes=0-1,5-6', 100, 'whole'],
  ['bytes=-', 100, 'whole'],
  ['bytes=a-b', 100, 'whole'],
  ['lines=0-9', 100, 'whole'],
  ['bytes=99999999999999999999-', 100, 'whole'],
];

for (const [header, size, expected] of RANGES) {
  test(`${header ?? 'no range'} of ${size} bytes`, () => assert.deepEqual(parseRange(header, size), expected));
}

const VALIDATORS = { etag: '"a-b"', mtimeMs: Date.UTC(2026, 0, 1, 0, 0, 0, 500) };
const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT';
const EARLIER = 'Wed, 31 Dec 2025 23:59:59 GMT';

test('what the client holds is current by its tag before its date', () => {
  assert.equal(isNotModified({ 'if-none-match': '"x", W/"a-b"' }, VALIDATORS), true);
  assert.equal(isNotModified({ 'if-none-match': '*' }, VALIDATORS), true);
  assert.equal(isNotModified({ 'if-none-match': '"x"', 'if-modified-since': DATE }, VALIDATORS), false);
  assert.equal(isNotModified({ 'if-modified-since': DATE }, VALIDATORS), true);
  assert.equal(isNotModified({ 'if-modified-since': EARLIER }, VALIDATORS), false);
  assert.equal(isNotModified({ 'if-modified-since': 'nonsense' }, VALIDATORS), false);
  assert.equal(isNotModified({}, VALIDATORS), false);
});

test('a range holds only for the version that the client began with', () => {
  assert.equal(rangeStillHolds({}, VALIDATORS), true);
  assert.equal(rangeStillHolds({ 'if-range': '"a-b"' }, VALIDATORS), true);
  assert.equal(rangeStillHolds({ 'if-range': 'W/"a-b"' }, VALIDATORS), false);
  assert.equal(rangeStillHolds({ 'if-range': '"x"' }, VALIDATORS), false);
  assert.equal(rangeStillHolds({ 'if-range': DATE }, VALIDATORS), true);
  assert.equal(rangeStillHolds({ 'if-range': EARLIER }, VALIDATORS), false);
});
