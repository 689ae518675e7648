import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunStep } from '../../src/domain/hand-off.ts';
import { EventFile } from '../../src/runners/event-file.ts';
import type { EndedStep, RunEnd } from '../../src/runners/launcher/run-folder.ts';
import { maskSecrets } from '../../src/runners/mask-secrets.ts';
import type { RunEvent } from '../../src/runners/run-event.ts';
import { runOutcome } from '../../src/runners/run-outcome.ts';
import { StepFold } from '../../src/runners/step-fold.ts';

const HOSTS = ['a', 'b'];
const STATS = { changed: 0, failures: 0, unreachable: 0 };
const ended = (step: Partial<EndedStep>): EndedStep => ({ startedAt: 0, endedAt: 1, ...step });
const end = (steps: readonly EndedStep[], more: Partial<RunEnd> = {}): RunEnd => ({
  ending: 'done',
  steps,
  at: 1,
  ...more,
});
const step = (name: string, speaks: RunStep['speaks'] = 'ansible', hosts = HOSTS) => ({ name, speaks, hosts });

function fold(...events: readonly RunEvent[]): StepFold {
  const made = new StepFold();
  for (const event of events) made.add(event);
  return made;
}

function outcome(steps: ReturnType<typeof step>[], folds: readonly StepFold[], how: RunEnd | 'gone' | undefined) {
  const hosts = HOSTS.map((name) => ({ name }));
  return runOutcome({ plan: { steps, hosts }, folds, end: how, inactivityMs: 600_000 });
}

const host = (name: string, result: 'ok' | 'changed' | 'failed' | 'unreachable', task = 't'): RunEvent => ({
  ...{ event: 'host', host: name, result, task },
});
const stats = (a: object, b: object): RunEvent => ({
  event: 'stats',
  hosts: { a: { ...STATS, ...a }, b: { ...STATS, ...b } },
});

/** As runners.md section 5 has them: the code alone says little. */
const CODES: readonly [string, StepFold, Partial<EndedStep>, string, string, string][] = [
  ['0 with statistics', fold(stats({ changed: 1 }, {})), { exitCode: 0 }, 'succeeded', 'changed', 'unchanged'],
  [
    '2 with a failed host',
    fold(host('a', 'failed'), stats({ failures: 1 }, {})),
    { exitCode: 2 },
    'failed',
    'failed',
    'unchanged',
  ],
  ['2 without statistics: a bad option', fold(), { exitCode: 2 }, 'refused', 'pending', 'pending'],
  [
    '4 with an unreachable host',
    fold(stats({ unreachable: 1 }, { changed: 2 })),
    { exitCode: 4 },
    'failed',
    'unreachable',
    'changed',
  ],
  ['4 without statistics: a parse error', fold(), { exitCode: 4 }, 'refused', 'pending', 'pending'],
  ['1: no such file', fold(), { exitCode: 1 }, 'refused', 'pending', 'pending'],
  ['250 in the middle', fold(host('a', 'changed')), { exitCode: 250 }, 'failed', 'unknown', 'pending'],
  ['killed by another', fold(host('a', 'changed')), { signal: 'SIGKILL' }, 'interrupted', 'unknown', 'pending'],
  [
    '0, and nothing was for one host',
    fold({ event: 'stats', hosts: { a: STATS } }),
    { exitCode: 0 },
    'failed',
    'unchanged',
    'failed',
  ],
];

for (const [name, told, code, state, a, b] of CODES) {
  test(`exit code ${name}`, () => {
    const found = outcome([step('play')], [told], end([ended(code)]));
    assert.deepEqual([found.state, found.hosts.a?.result, found.hosts.b?.result], [state, a, b]);
  });
}

test('a second step that did not begin leaves the first one’s changes to be done again', () => {
  const folds = [fold(host('a', 'changed'), stats({ changed: 1 }, {})), fold()];
  const found = outcome(
    [step('one'), step('two')],
    folds,
    end([ended({ exitCode: 0 }), ended({ exitCode: 1, lastWords: 'ERROR! gone' })]),
  );
  assert.equal(found.state, 'failed');
  assert.equal(found.hosts.a?.result, 'unknown');
  assert.match(found.reason ?? '', /step 2 of 2 \(two\).*ERROR! gone/);
});

test('a step of facts decides about nobody', () => {
  const folds = [fold(), fold(stats({ changed: 1 }, { changed: 1 }))];
  const steps = [step('facts', 'ansible', []), step('scale')];
  const found = outcome(steps, folds, end([ended({ exitCode: 0 }), ended({ exitCode: 0 })]));
  assert.equal(found.state, 'succeeded');
});

test('a host outside of the run that ended it is named, to the run and to each node that it kept waiting', () => {
  const facts = fold(host('mgmt02', 'unreachable', 'Gather facts'), {
    event: 'stats',
    hosts: { a: STATS, b: STATS, mgmt02: { ...STATS, unreachable: 1 }, mgmt03: { ...STATS, unreachable: 1 } },
  });
  const steps = [step('facts', 'ansible', []), step('scale')];
  const found = outcome(steps, [facts, fold()], end([ended({ exitCode: 4 })]));
  const words = 'mgmt02 could not be reached at “Gather facts” (and mgmt03)';
  assert.deepEqual(found.hosts, { a: { result: 'pending', message: words }, b: { result: 'pending', message: words } });
  assert.equal(
    found.reason,
    `2 of 2 nodes did not come to their end in step 1 of 2 (facts): ${words}. podboot runs resume takes these alone.`,
  );
  assert.deepEqual(outcome(steps, [facts, fold()], undefined).hosts.a, { result: 'pending' }, 'it goes on');
});

test('while it runs, hosts are pending or running, and tasks are counted without a percentage', () => {
  const told = fold(
    { event: 'playbook', plays: 2, tasks: 5 },
    { event: 'play', id: 'p', play: 'one' },
    { event: 'task', id: 't1', task: 'x' },
    host('a', 'failed'),
  );
  const found = outcome([step('play')], [told], undefined);
  assert.deepEqual([found.state, found.hosts.a?.result, found.hosts.b?.result], ['running', 'running', 'pending']);
  assert.deepEqual([told.tasksDone, told.tasksSeen], [1, 5]);
  for (let task = 2; task <= 9; task += 1) told.add({ event: 'task', id: `t${task}`, task: 'included' });
  assert.deepEqual([told.tasksDone, told.tasksSeen], [9, 9]);
});

test('gone without an end: told hosts are unknown', () => {
  const found = outcome([step('play')], [fold(host('a', 'changed'))], 'gone');
  assert.deepEqual([found.state, found.hosts.a?.result, found.hosts.b?.result], ['interrupted', 'unknown', 'pending']);
});

test('a plain step’s exit code is everybody’s result', () => {
  const bad = outcome([step('x', 'plain')], [fold()], end([ended({ exitCode: 3, lastWords: 'one\nno licence\n' })]));
  assert.deepEqual(bad.hosts.b, { result: 'failed', message: 'exit code 3: no licence' });
  assert.equal(outcome([step('x', 'plain')], [fold()], end([ended({ exitCode: 0 })])).state, 'succeeded');
});

test('what a step tells itself counts by its last word', () => {
  const told = fold(host('a', 'failed'), host('a', 'ok'), host('b', 'unreachable'));
  const found = outcome([step('x', 'events')], [told], end([ended({ exitCode: 0 })]));
  assert.deepEqual([found.state, found.hosts.a?.result, found.hosts.b?.result], ['failed', 'unchanged', 'unreachable']);
});

test('events come whole whatever the file holds: torn lines, other words, a megabyte, bytes that are no UTF-8', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-events-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, '0.jsonl');
  const seen: RunEvent[] = [];
  const file = new EventFile(path);
  const read = () => file.read((event) => seen.push(event));
  await read();
  const line = '{"event":"host","host":"a","result":"ok"}\n';
  writeFileSync(
    path,
    `[WARNING]: hello\n${line}null\n[1]\n{"event":"new"}\n${'x'.repeat(3_000_000)}\n${line.slice(0, 12)}`,
  );
  await read();
  assert.equal(seen.length, 1);
  appendFileSync(path, line.slice(12));
  appendFileSync(path, Buffer.from([0xff, 0xfe, 0x0a]));
  appendFileSync(path, '{"event":"host","host":"b\\u001b[31m","result":"failed","message":"a\\nb"}\n');
  await read();
  assert.deepEqual(seen.slice(1), [
    { event: 'host', host: 'a', result: 'ok' },
    { event: 'host', host: 'b [31m', result: 'failed', message: 'a b' },
  ]);
});

test('secrets are masked by what they look like, and ordinary words are left', () => {
  const secret = [
    ['password=hunter2', 'password=[secret]'],
    ['"token": "abc def"', '"token": [secret]'],
    ['https://bob:s3cret@repo.example.com/x', 'https://bob:[secret]@repo.example.com/x'],
    ['Authorization: Bearer abcdefgh12345678', 'Authorization: Bearer [secret]'],
    ['kubeadm join --token abcdef.0123456789abcdef', 'kubeadm join --token [secret]'],
    ['docker login --password hunter2 x', 'docker login --password [secret] x'],
    ['ansible_become_password: hunter2', 'ansible_become_password: [secret]'],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----', '[secret]'],
  ] as const;
  for (const [text, masked] of secret) assert.equal(maskSecrets(text), masked);
  for (const text of ['TASK [set the password policy] ***', 'tokens: 4', 'ok: [dgx01]', 'secret santa'])
    assert.equal(maskSecrets(text), text);
  assert.equal(maskSecrets('x swordfish y', ['swordfish']), 'x [secret] y');
});
