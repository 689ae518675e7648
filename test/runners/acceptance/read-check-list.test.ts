import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { loadCheckList, PACKAGED_LISTS } from '../../../src/runners/acceptance/load-check-list.ts';
import { readCheckList } from '../../../src/runners/acceptance/read-check-list.ts';

function problems(text: string): string[] {
  try {
    readCheckList('list.yaml', text);
  } catch (error) {
    assert.ok(error instanceof InvalidInput, String(error));
    assert.ok(error.problems.every(({ mend }) => mend !== undefined && mend !== ''));
    return error.problems.map(({ path, message, line }) => `${line ?? '-'} ${path}: ${message}`);
  }
  return [];
}

test('podboot’s own lists are good, and found by their names', () => {
  const names = readdirSync(PACKAGED_LISTS).map((file) => file.replace(/\.yaml$/, ''));
  assert.deepEqual(names.sort(), ['dgx-1', 'dgx-a100', 'dgx-h100']);
  for (const name of names) {
    const { checks, scheduler } = loadCheckList(name);
    assert.ok(checks.length >= 9, name);
    assert.equal(scheduler.gpus, 8);
    assert.ok(
      checks.every(({ mend }) => mend !== undefined),
      'each says what to do',
    );
  }
});

test('a check is read with what it leaves out filled in', () => {
  const { checks, scheduler } = readCheckList(
    'list.yaml',
    'checks:\n  - { name: disks, run: [lsblk, -J], sudo: true, read: { json: blockdevices.length }, expect: { atLeast: 2 } }\n',
  );
  assert.deepEqual(checks, [
    {
      name: 'disks',
      argv: ['lsblk', '-J'],
      asRoot: true,
      read: { kind: 'json', path: ['blockdevices', 'length'] },
      expect: { atLeast: 2 },
      whenMissing: 'fail',
      timeoutMs: 30_000,
    },
  ]);
  assert.deepEqual(scheduler, { withinMs: 300_000 });
});

test('every mistake is told at once, each with its line', () => {
  const text = `checks:
  - name: Bad Name
    run: nvidia-smi -L
    expect: { equals: 8 }
  - name: twice
    run: [true]
    read: { match: "no group" }
    expect: {}
  - name: twice
    run: ["true"]
    read: { lines: "(" }
    expect: { atLeast: many, about: 3 }
    whenMissing: shrug
    timeout: 9d
    colour: red
scheduler: { gpus: -1, within: soon, gpuTest: { namespace: default } }
shceduler: {}
`;
  assert.deepEqual(
    problems(text).sort(),
    [
      '9 checks[2].name: it stands there twice',
      '11 checks[2].read.lines: it is no regular expression',
      '12 checks[2].expect.about: this key is not known',
      '12 checks[2].expect.atLeast: it does not fit',
      '13 checks[2].whenMissing: it is none of those that there are',
      '14 checks[2].timeout: it is no time within its bounds',
      '15 checks[2].colour: this key is not known',
      '16 scheduler.gpuTest.image: it is missing',
      '16 scheduler.gpus: it does not fit',
      '16 scheduler.within: it is no time within its bounds',
      '17 shceduler: this key is not known',
      '2 checks[0].name: it does not fit',
      '3 checks[0].run: it is a line, and no shell reads it',
      '6 checks[1].run: it is empty',
      '6 checks[1].run[0]: it is no text',
      '7 checks[1].read.match: it has to have one group',
      '8 checks[1].expect: it expects nothing',
    ].sort(),
  );
});

test('what is no YAML, and what is no list, is told and nothing else', () => {
  assert.equal(problems('checks: [').length, 1);
  assert.equal(problems('- 1\n- 2\n').length, 1);
  assert.equal(problems(`checks: "${'x'.repeat(300_000)}"`).length, 1);
});

test('a list that is not there is told with its path', () => {
  assert.throws(() => loadCheckList('/no/such/list.yaml'), /\/no\/such\/list\.yaml can’t be read: ENOENT/);
});
