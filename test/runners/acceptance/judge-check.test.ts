import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check, Expectation, Reading } from '../../../src/runners/acceptance/check-list.ts';
import { holds, judgeCheck, readValue } from '../../../src/runners/acceptance/judge-check.ts';
import { gresGpus } from '../../../src/runners/acceptance/slurm-checks.ts';

function check(read: Reading, expect: Expectation, more: Partial<Check> = {}): Check {
  return { name: 'c', argv: ['tool'], asRoot: false, read, expect, whenMissing: 'fail', timeoutMs: 1_000, ...more };
}

const said = (stdout: string, exitCode = 0, stderr = '') => ({ stdout, stderr, exitCode });

test('values are read as the list says', () => {
  const table: readonly (readonly [Reading, string, string | number | undefined])[] = [
    [{ kind: 'text' }, '  abc \n', 'abc'],
    [{ kind: 'lines' }, 'a\n\nb\n  \n', 2],
    [{ kind: 'lines', fitting: /A100/u }, 'NVIDIA A100\nNVIDIA H100\nNVIDIA A100\n', 2],
    [{ kind: 'match', pattern: /MemTotal: +([0-9]+)/u }, 'x\nMemTotal:   1056 kB\n', '1056'],
    [{ kind: 'match', pattern: /MemTotal: +([0-9]+)/u }, 'nothing', undefined],
    [{ kind: 'smallest', pattern: /^([0-9]+) Gb/u }, '200 Gb/sec\n100 Gb/sec\n200 Gb/sec\n', 100],
    [{ kind: 'smallest', pattern: /^([0-9]+) Gb/u }, '', undefined],
    [{ kind: 'json', path: ['a', 'length'] }, '{"a":[1,2,3]}', 3],
    [{ kind: 'json', path: ['a', 1, 'b'] }, '{"a":[0,{"b":"x"}]}', 'x'],
    [{ kind: 'json', path: ['up'] }, '{"up":true}', 'true'],
    [{ kind: 'json', path: ['__proto__', 'x'] }, '{}', undefined],
    [{ kind: 'json', path: ['a'] }, 'no json', undefined],
    [{ kind: 'json', path: ['a'] }, '{"a":{}}', undefined],
  ];
  for (const [reading, stdout, value] of table) assert.equal(readValue(reading, said(stdout)), value, stdout);
  assert.equal(readValue({ kind: 'exit-code' }, said('', 3)), 3);
});

test('expectations hold, or not', () => {
  const table: readonly (readonly [Expectation, string | number, boolean])[] = [
    [{ equals: 8 }, '8', true],
    [{ equals: 8 }, '8 ', true],
    [{ equals: 8 }, 'eight', false],
    [{ equals: '8' }, 8, true],
    [{ equals: 'x' }, 'X', false],
    [{ atLeast: 100 }, '99.5', false],
    [{ atLeast: 1, atMost: 3 }, 2, true],
    [{ atLeast: 1, atMost: 3 }, 4, false],
    [{ atLeast: 0 }, '', false],
    [{ atLeast: 0 }, '0x10', false],
    [{ oneOf: [8, 16] }, '16', true],
    [{ oneOf: ['a', 'b'] }, 'c', false],
    [{ matches: /^5[0-9]{2}\./u }, '550.54', true],
  ];
  for (const [expect, value, ok] of table) assert.equal(holds(expect, value), ok, `${JSON.stringify(expect)} ${value}`);
});

test('a program that is not there is skipped or fails, as the list says', () => {
  const missing = said('', 127, 'env: ‘dcgmi’: No such file or directory\n');
  const failed = judgeCheck(check({ kind: 'exit-code' }, { equals: 0 }), missing);
  assert.equal(failed.ok, false);
  assert.match(failed.found, /tool is not installed/);
  const skipped = judgeCheck(check({ kind: 'exit-code' }, { equals: 0 }, { whenMissing: 'skip' }), missing);
  assert.equal(skipped.ok, true);
  assert.match(skipped.found, /skipped/);
});

test('a program that fails says so; its last words are shown in bounds', () => {
  const result = judgeCheck(
    check({ kind: 'lines' }, { equals: 8 }, { mend: 'Look at dmesg.' }),
    said('', 9, `NVIDIA-SMI has failed\u001b[31m ${'x'.repeat(1_000_000)}\n`),
  );
  assert.equal(result.ok, false);
  assert.match(result.found, /^it ended with 9: NVIDIA-SMI has failed/);
  assert.ok(result.found.length < 300);
  assert.doesNotMatch(result.found, /\p{Cc}/u);
  assert.equal(result.mend, 'Look at dmesg.');
});

test('seven of eight GPUs are told with both numbers, and what is well has no mend', () => {
  const gpus = check({ kind: 'lines' }, { equals: 8 }, { mend: 'Look.' });
  assert.deepEqual(judgeCheck(gpus, said('GPU\n'.repeat(7))), {
    check: 'c',
    ok: false,
    expected: '8',
    found: '7',
    mend: 'Look.',
  });
  assert.deepEqual(judgeCheck(gpus, said('GPU\n'.repeat(8))), { check: 'c', ok: true, expected: '8', found: '8' });
});

test('GPUs of Slurm’s GRES', () => {
  const table: readonly (readonly [string | undefined, number])[] = [
    ['gpu:a100:8(S:0-1)', 8],
    ['gpu:8', 8],
    ['gpu', 1],
    ['gpu:a100', 1],
    ['gpu:a100:4,gpu:mig:2,shard:16', 6],
    ['shard:8', 0],
    ['(null)', 0],
    [undefined, 0],
  ];
  for (const [gres, count] of table) assert.equal(gresGpus(gres), count, gres);
});
