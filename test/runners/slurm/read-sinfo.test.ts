import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSinfoJson, readSinfoText } from '../../../src/runners/slurm/read-sinfo.ts';
import { isHarmless, isOpen, isWell, readState, stateWords } from '../../../src/runners/slurm/slurm-state.ts';

const drainedNode = {
  name: 'dgx01',
  base: 'idle',
  flags: ['drain'],
  reason: 'k8s',
  reasonBy: 'root',
  gres: 'gpu:a100:8',
};

test('what Slurm 22.05 itself printed: draining with a job on it, idle, never seen', () => {
  const file = new URL('sinfo-22.05.json', import.meta.url);
  assert.deepEqual(readSinfoJson(readFileSync(file, 'utf8')), [
    { name: 'dgx01', base: 'mixed', flags: ['drain'], reason: 'k8s', reasonBy: 'root', gres: 'gpu:test:2' },
    { name: 'dgx02', base: 'idle', flags: [], gres: 'gpu:test:2' },
    { name: 'dgx03', base: 'unknown', flags: [], gres: 'gpu:test:2' },
  ]);
});

test('one drained node in each shape is the same node', () => {
  const common = { reason: 'k8s', reason_set_by_user: 'root', gres: 'gpu:a100:8' };
  const shapes = [
    { nodes: [{ name: 'dgx01', state: 'idle', state_flags: ['DRAIN'], ...common }] },
    { nodes: [{ name: 'dgx01', state: ['IDLE', 'DRAIN'], ...common, reason_changed_at: { set: true, number: 1 } }] },
    { nodes: [{ name: 'dgx01', state: 'IDLE+DRAIN', ...common, reason: 'k8s [root@2026-01-01T10:00:00]' }] },
    {
      sinfo: [
        {
          nodes: { total: 1, nodes: ['dgx01'] },
          node: { state: ['IDLE', 'DRAIN'] },
          reason: { description: 'k8s', user: 'root' },
          gres: { total: 'gpu:a100:8', used: 'gpu:a100:0' },
        },
      ],
    },
  ];
  for (const shape of shapes) assert.deepEqual(readSinfoJson(JSON.stringify(shape)), [drainedNode]);
  assert.deepEqual(readSinfoText('dgx01|drained|gpu:a100:8|root|k8s\ndgx01|drained|gpu:a100:8|root|k8s\n'), [
    drainedNode,
  ]);
});

test('nodes that sinfo takes together are taken apart', () => {
  const text = JSON.stringify({ sinfo: [{ nodes: { nodes: ['dgx01', 'dgx02'] }, node: { state: ['IDLE'] } }] });
  assert.deepEqual(
    readSinfoJson(text)?.map(({ name }) => name),
    ['dgx01', 'dgx02'],
  );
});

test('what is no shape that is known is not taken for nodes', () => {
  for (const text of [
    '',
    '{',
    '[]',
    '{}',
    '{"nodes":[{"name":"a"}]}',
    '{"nodes":[1]}',
    '{"sinfo":[{"nodes":{"x":1},"node":{"state":["IDLE"]}}]}',
  ]) {
    assert.equal(readSinfoJson(text), undefined, text);
  }
});

test('a reason with bars, and text that is no line of sinfo', () => {
  assert.equal(readSinfoText('dgx01|down*|(null)|root|a|b\n')[0]?.reason, 'a|b');
  assert.deepEqual(readSinfoText('\nsinfo: error\n'), []);
});

const STATES: readonly (readonly [words: string[], base: string, flags: string[]])[] = [
  [['idle*'], 'idle', ['not-responding']],
  [['mixed'], 'mixed', []],
  [['allocated+'], 'allocated', ['completing']],
  [['draining@'], 'mixed', ['drain', 'reboot-requested']],
  [['drained*'], 'idle', ['drain', 'not-responding']],
  [['down*'], 'down', ['not-responding']],
  [['idle~'], 'idle', ['powered-down']],
  [['mixed$'], 'mixed', ['maintenance']],
  [['DOWN', 'NOT_RESPONDING', 'DRAIN'], 'down', ['drain', 'not-responding']],
  [['IDLE+REBOOT_ISSUED'], 'idle', ['reboot-issued']],
  [['inval'], 'idle', ['invalid-reg']],
  [['something-new'], 'unknown', ['something-new']],
];
for (const [words, base, flags] of STATES) {
  test(`state ${words.join(' ')}`, () => assert.deepEqual(readState(words), { base, flags }));
}

test('who takes jobs, and who could', () => {
  const open = ['idle', 'mixed', 'allocated', 'idle*', 'unknown', 'completing'];
  const shut = ['drained', 'draining', 'down', 'down*', 'fail', 'failing', 'error', 'drained*'];
  for (const word of open) assert.ok(isOpen({ name: 'a', ...readState([word]) }), word);
  for (const word of shut) assert.ok(!isOpen({ name: 'a', ...readState([word]) }), word);
  for (const word of ['idle*', 'unknown', 'idle~', 'inval', 'drained*']) {
    assert.ok(!isWell({ name: 'a', ...readState([word]) }), word);
  }
  assert.ok(isWell({ name: 'a', ...readState(['drained']) }));
});

test('states in words', () => {
  assert.equal(stateWords({ name: 'a', ...readState(['draining']), reason: 'k8s' }), 'draining (k8s)');
  assert.equal(stateWords({ name: 'a', ...readState(['drained*']) }), 'drained, not responding');
});

test('only reasons that are ours, doctl’s or a reboot’s are harmless', () => {
  for (const reason of [
    'k8s',
    'slurm',
    'podboot: nobody',
    'Node unexpectedly rebooted',
    'reboot',
    'Not responding',
    'k8s [root@2026-01-01T00:00:00]',
  ])
    assert.ok(isHarmless(reason), reason);
  for (const reason of [
    'GPU 3 fell off the bus',
    'k8s broken DIMM',
    'gres/gpu count reported lower than configured (7 < 8)',
    'Kill task failed',
    'Low RealMemory',
  ])
    assert.ok(!isHarmless(reason), reason);
});
