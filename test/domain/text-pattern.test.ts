import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillIn, matchPattern, readPattern, wordsIn } from '../../src/domain/text-pattern.ts';

function matched(pattern: string, text: string): Record<string, string> | undefined {
  const read = readPattern(pattern);
  assert.ok('tokens' in read, pattern);
  const words = matchPattern(read, text);
  return words === undefined ? undefined : Object.fromEntries(words);
}

test('a word of a pattern is what stands in its place', () => {
  assert.deepEqual(matched('Ethernet1/{port}', 'Ethernet1/7'), { port: '7' });
  assert.deepEqual(matched('{rack}-sw*:eth{port}', 'r12-sw1:ETH031'), { rack: 'r12', port: '031' });
});

test('a pattern fits the whole text, whatever its case', () => {
  assert.deepEqual(matched('b8:3f:d2:*', 'B8:3F:D2:00:00:01'), {});
  assert.equal(matched('b8:3f', 'b8:3f:d2:00:00:01'), undefined);
  assert.equal(matched('eth?', 'eth12'), undefined);
});

test('what means something to regular expressions means itself', () => {
  assert.deepEqual(matched('ge-0/0/{port}.0 (a+b)^$|[c]', 'ge-0/0/7.0 (a+b)^$|[c]'), { port: '7' });
  assert.equal(matched('a.c', 'abc'), undefined);
});

for (const [pattern, reason] of [
  ['eth{port', /no partner/],
  ['{Port}', /no word/],
  ['{}', /no word/],
  ['{a}-{a}', /twice/],
  ['?a'.repeat(33), /more than 64 parts/],
] as const) {
  test(`the pattern ${pattern} is refused`, () => {
    const read = readPattern(pattern);
    assert.ok('reason' in read);
    assert.match(read.reason, reason);
  });
}

test('a pattern that nearly fits a long text is refused at once', () => {
  const started = performance.now();
  assert.equal(matched('*a*a{b}a*a*a{c}a*a*a*b', 'a'.repeat(510)), undefined);
  assert.equal(matched('{a}{b}{c}{d}{e}{f}-', 'a'.repeat(510)), undefined);
  assert.ok(performance.now() - started < 2_000, `${performance.now() - started} ms`);
});

test('a word takes as much as it can and leaves what the rest needs', () => {
  assert.deepEqual(matched('{rack}u{position}', 'r12u7'), { rack: 'r12', position: '7' });
  assert.deepEqual(matched('{a}1', '111'), { a: '11' });
});

test('numbers are padded, words are not', () => {
  const values = new Map([
    ['port', '7'],
    ['rack', 'r1'],
  ]);
  assert.equal(
    fillIn('dgx{port:3}-{rack:4}', (word) => values.get(word)),
    'dgx007-r1',
  );
  assert.deepEqual(
    fillIn('dgx{serial}', (word) => values.get(word)),
    { missing: 'serial' },
  );
});

test('the words of a text are found with and without a width', () => {
  assert.deepEqual(wordsIn('dgx{port:2}-{n}'), ['port', 'n']);
});
