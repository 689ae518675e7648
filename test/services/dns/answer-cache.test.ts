import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnswerCache } from '../../../src/services/dns/answer-cache.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));

test('what was put is there until its time is over', () => {
  let now = 5_000;
  const cache = new AnswerCache(() => now);
  cache.put('a', bytes('for ever'));
  cache.put('b', bytes('a while'), 10);
  assert.deepEqual(cache.get('a'), bytes('for ever'));
  now += 9_999;
  assert.deepEqual(cache.get('b'), bytes('a while'));
  now += 1;
  assert.equal(cache.get('b'), undefined);
  now += 1e9;
  assert.deepEqual(cache.get('a'), bytes('for ever'));
  cache.clear();
  assert.equal(cache.get('a'), undefined);
});

test('what is asked for again outlives what was asked for once', () => {
  const cache = new AnswerCache(() => 0, { maxEntries: 8 });
  cache.put('often', bytes('x'));
  for (let index = 0; index < 100; index += 1) {
    cache.put(`once ${index}`, bytes('y'));
    if (index % 3 === 0) assert.deepEqual(cache.get('often'), bytes('x'), String(index));
    assert.ok(cache.size <= 8);
  }
  assert.equal(cache.get('once 0'), undefined);
});

test('an answer that would take half of the room is not kept', () => {
  const cache = new AnswerCache(() => 0, { maxBytes: 100 });
  cache.put('large', new Uint8Array(60));
  assert.equal(cache.size, 0);
});

test('whatever is put, what is got is what was put last for the key, and the bounds hold', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 30 }),
    answer: fc.uint8Array({ maxLength: 40 }),
    look: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const cache = new AnswerCache(() => 0, { maxEntries: 16, maxBytes: 400 });
      const last = new Map<number, Uint8Array>();
      for (const { key, answer, look } of steps) {
        if (look) {
          const got = cache.get(String(key));
          if (got !== undefined) assert.deepEqual(got, last.get(key));
        } else {
          cache.put(String(key), answer);
          last.set(key, answer);
        }
        assert.ok(cache.size <= 16);
      }
    }),
  );
});
