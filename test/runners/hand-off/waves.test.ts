import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RunRefused } from '../../../src/runners/run-errors.ts';
import { settle } from '../../harness/clock.ts';
import { cluster, HandOffHouse } from './house.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const names = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) => `dgx${String(index + from).padStart(3, '0')}`);

test('100 nodes that finish at random: a canary, then waves of all who have settled, never two runs at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 120 }), { minLength: 100, maxLength: 100 }),
      fc.integer({ min: 1, max: 90 }),
      fc.integer({ min: 1, max: 30 }),
      async (minutes, lastsMinutes, size) => {
        const house = new HandOffHouse();
        house.clusters = [cluster({ waves: { canaryNodes: 1, maxNodes: size, maxFailedShare: 0 } })];
        house.runs.lastsMs = () => lastsMinutes * MINUTE;
        const nodes = house.add(...names(100));
        const expected = expectedRuns(minutes, lastsMinutes, size);
        for (let minute = 0; minute <= 120; minute += 1) {
          for (const [index, each] of nodes.entries()) if (minutes[index] === minute) await house.finished(each);
          await house.passes(MINUTE, MINUTE);
        }
        for (let left = 0; left < 200 && house.runs.begun.flatMap(({ hosts }) => hosts).length < 100; left += 1)
          await house.passes(lastsMinutes * MINUTE, MINUTE);
        await house.passes(lastsMinutes * MINUTE + MINUTE, MINUTE);
        const hosts = house.runs.begun.flatMap((run) => run.hosts);
        assert.equal(house.runs.mostAtOnce, 1);
        assert.deepEqual([...hosts].sort(), names(100), 'each node is in one run');
        assert.deepEqual(
          house.runs.begun.map((run) => run.hosts.length),
          expected,
          'the sizes of the runs',
        );
        assert.ok(names(100).every((name) => house.stateOf(name) === 'ready'));
      },
    ),
    { numRuns: 12 },
  );
});

/** The model: what the runs have to be, minute by minute, counted and not built. */
function expectedRuns(minutes: readonly number[], lasts: number, size: number): number[] {
  const finished = [...minutes].sort((one, other) => one - other);
  const runs: number[] = [];
  let taken = 0;
  let free = 0;
  while (taken < finished.length) {
    const oldest = finished[taken] ?? 0;
    const at = Math.max(free, oldest + 2);
    // A node that finishes in that very minute comes a moment too late.
    const waiting = finished.filter((minute) => minute < at).length - taken;
    // Trust in the wave before lasts a day, and no case takes longer than it.
    const isTrusted = runs.length > 0 && at - free < 24 * 60;
    const wave = Math.min(waiting, isTrusted ? size : 1);
    runs.push(wave);
    taken += wave;
    free = at + lasts;
  }
  return runs;
}

test('a canary that fails stops everything; once a person lets it go on, another canary goes first', async () => {
  const house = new HandOffHouse();
  house.runs.outcome = (name) =>
    name === 'dgx001'
      ? { result: 'failed', failedTask: 'install driver', message: 'no space left' }
      : { result: 'changed' };
  for (const each of house.add(...names(5))) await house.finished(each);
  await house.passes(HOUR);
  assert.deepEqual(
    house.runs.begun.map(({ hosts }) => hosts),
    [['dgx001']],
  );
  const fault = house.faults.get('id-dgx001');
  assert.equal(fault?.code, 'hand-off-failed');
  assert.match(fault?.text ?? '', /install driver.*no space left/);
  assert.ok(house.events.some(({ type }) => type === 'hand-off.halted'));
  await house.desk.resume('pod1');
  await house.passes(HOUR);
  assert.deepEqual(
    house.runs.begun.map(({ hosts }) => hosts.length),
    [1, 1, 3],
  );
  assert.equal(house.stateOf('dgx005'), 'ready');
});

test('a wave in which no more than the allowed share fails lets the next one begin', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ waves: { canaryNodes: 1, maxNodes: 10, maxFailedShare: 0.1 } })];
  house.runs.outcome = (name) => (name === 'dgx005' ? { result: 'unreachable' } : { result: 'changed' });
  for (const each of house.add(...names(21))) await house.finished(each);
  await house.passes(2 * HOUR);
  assert.deepEqual(
    house.runs.begun.map(({ hosts }) => hosts.length),
    [1, 10, 10],
  );
  assert.equal(house.faults.get('id-dgx005')?.code, 'hand-off-unreachable');
  assert.equal(house.stateOf('dgx005'), 'handing-off');
});

test('two of ten are too many', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 0.1 } })];
  house.runs.outcome = (name) => (/00[56]/.test(name) ? { result: 'failed' } : { result: 'changed' });
  for (const each of house.add(...names(21))) await house.finished(each);
  await house.passes(2 * HOUR);
  assert.deepEqual(
    house.runs.begun.map(({ hosts }) => hosts.length),
    [10],
  );
});

test('a node is ready only when its runner succeeded and its acceptance passed; both are kept', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 1 } })];
  const bad = { check: 'gpu-count', ok: false, expected: '8', found: '7', mend: 'Reseat it.' };
  house.gate = { check: async (_, hosts) => new Map(hosts.map(({ name }) => [name, name === 'dgx002' ? [bad] : []])) };
  house.runs.outcome = (name) => (name === 'dgx003' ? { result: 'failed' } : { result: 'unchanged' });
  const asked: string[][] = [];
  const { check } = house.gate;
  house.gate = {
    check: (settings, hosts) => {
      asked.push(hosts.map(({ name }) => name));
      return check(settings, hosts);
    },
  };
  const nodes = house.add(...names(3));
  for (const each of nodes) await house.finished(each);
  await house.passes(HOUR);
  assert.deepEqual(asked, [['dgx001', 'dgx002']], 'who failed is not looked at');
  assert.equal(house.stateOf('dgx001'), 'ready');
  assert.equal(house.stateOf('dgx002'), 'handing-off');
  assert.match(house.faults.get('id-dgx002')?.text ?? '', /gpu-count should be 8, is 7/);
  assert.deepEqual(house.desk.book.result('id-dgx002')?.checks, [bad]);
  assert.equal(house.desk.book.result('id-dgx002')?.outcome.result, 'unchanged');
  house.gate = { check: async () => new Map() };
  const [, second] = nodes;
  if (second !== undefined) await house.desk.retry([second], 'ann');
  await house.passes(HOUR);
  assert.equal(house.stateOf('dgx002'), 'ready');
  assert.equal(house.runs.begun.at(-1)?.by, 'ann');
});

test('what a run broke off comes along in the next one, three times at the most', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 1 } })];
  house.runs.outcome = (name) => (name === 'dgx001' ? { result: 'unknown' } : { result: 'changed' });
  for (const each of house.add(...names(2))) await house.finished(each);
  await house.passes(3 * HOUR);
  assert.deepEqual(
    house.runs.begun.map(({ hosts }) => hosts),
    [['dgx001', 'dgx002'], ['dgx001'], ['dgx001']],
  );
  assert.equal(house.faults.get('id-dgx001')?.code, 'hand-off-interrupted');
});

test('a run that a person stopped lets no other begin', async () => {
  const house = new HandOffHouse();
  house.runs.lastsMs = () => undefined;
  for (const each of house.add(...names(3))) await house.finished(each);
  await house.passes(10 * MINUTE);
  house.runs.outcome = () => ({ result: 'unknown' });
  house.runs.end('run-1', { state: 'stopped', stoppedBy: 'ann' });
  await house.passes(HOUR);
  assert.equal(house.runs.begun.length, 1);
  assert.match(house.desk.book.queue('pod1').halt?.text ?? '', /ann stopped/);
});

test('a restart in any minute loses no node and begins no run twice', async () => {
  for (let at = 0; at <= 30; at += 1) {
    const house = new HandOffHouse();
    house.clusters = [cluster({ waves: { canaryNodes: 1, maxNodes: 10, maxFailedShare: 0 } })];
    for (const each of house.add(...names(5))) await house.finished(each);
    await house.passes(at * MINUTE, MINUTE);
    await house.restart();
    await house.passes(2 * HOUR, MINUTE);
    assert.deepEqual(
      house.runs.begun.map(({ hosts }) => hosts.length),
      [1, 4],
      `restarted in minute ${at}`,
    );
    assert.ok(
      names(5).every((name) => house.stateOf(name) === 'ready'),
      `restarted in minute ${at}`,
    );
  }
});

test('a run that ended while the daemon was away is reckoned up at its start', async () => {
  const house = new HandOffHouse();
  house.runs.lastsMs = () => undefined;
  for (const each of house.add('dgx001')) await house.finished(each);
  await house.passes(10 * MINUTE);
  await house.desk.stop();
  house.runs.end('run-1');
  await house.restart();
  await settle(20);
  assert.equal(house.stateOf('dgx001'), 'ready');
});

test('a node that is installed anew while it waits is left out', async () => {
  const house = new HandOffHouse();
  const [first, second] = house.add('dgx001', 'dgx002');
  if (first === undefined || second === undefined) return;
  await house.finished(first);
  await house.finished(second);
  house.states.set(first.id, 'installing');
  await house.passes(HOUR);
  assert.deepEqual(
    house.runs.begun.map(({ hosts }) => hosts),
    [['dgx002']],
  );
});

test('a node of no cluster is no runner’s business', async () => {
  const house = new HandOffHouse();
  const [each] = house.add('login1');
  assert.equal(await house.desk.effect.perform({ ...(each as NonNullable<typeof each>), roles: ['login'] }), undefined);
});

test('what stands against a run on a node outside of the wave is told with its mend', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ settleMs: 0 })];
  const message = 'mgmt02 does not answer';
  house.runs.refuse = (request) =>
    new RunRefused(request, [{ code: 'ssh-timeout', host: 'mgmt02', message, mend: 'Switch it on.' }]);
  for (const each of house.add('dgx001')) await house.finished(each);
  await house.passes(MINUTE / 2);
  const hindered = house.desk.book.queue('pod1').blocked;
  assert.deepEqual([hindered?.text, hindered?.mend], [message, 'Switch it on.']);
  assert.match(house.faults.get('id-dgx001')?.text ?? '', /mgmt02 does not answer/);
});

test('runs that change nothing follow each other more and more slowly', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ settleMs: 0 })];
  house.runs.lastsMs = () => 1;
  let state: 'refused' | 'succeeded' = 'refused';
  const { runs } = house;
  const end = runs.end.bind(runs);
  runs.end = (id) => end(id, { state, reason: 'no program' });
  for (const each of house.add('dgx001')) await house.finished(each);
  await house.passes(2 * HOUR);
  assert.ok(runs.begun.length >= 5 && runs.begun.length <= 8, `${runs.begun.length} runs in two hours`);
  state = 'succeeded';
  await house.passes(HOUR);
  assert.equal(house.stateOf('dgx001'), 'ready');
  assert.equal(house.desk.book.queue('pod1').blocked, undefined);
});

test('people and finished nodes are answered while the acceptance of a wave takes its hour', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ settleMs: 0 })];
  const [one, two, three] = house.add(...names(3));
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  let pass = () => {};
  house.gate = { check: () => new Promise((resolve) => (pass = () => resolve(new Map()))) };
  await house.finished(one);
  await house.passes(11 * MINUTE);
  house.states.set(two.id, 'ready');
  const answered: string[] = [];
  void house.desk.retry([two], 'ann').then(() => answered.push('retry'));
  void house.desk.resume('pod1').then(() => answered.push('resume'));
  void house.desk.accept(three, 'ann').then(() => answered.push('accept'));
  await house.passes(MINUTE);
  assert.deepEqual(answered.sort(), ['accept', 'resume', 'retry']);
  assert.deepEqual([house.stateOf('dgx001'), house.runs.begun.length], ['handing-off', 1]);
  pass();
  await house.passes(MINUTE);
  assert.equal(house.stateOf('dgx001'), 'ready');
  assert.deepEqual(house.runs.begun[1]?.hosts, ['dgx002']);
});

test('a node that a person takes as it is stays so, whatever its acceptance finds a minute later', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ settleMs: 0 })];
  const [one] = house.add(...names(1));
  assert.ok(one !== undefined);
  const bad = { check: 'gpu-count', ok: false, expected: '8', found: '7' };
  let tell = () => {};
  house.gate = { check: () => new Promise((resolve) => (tell = () => resolve(new Map([['dgx001', [bad]]])))) };
  await house.finished(one);
  await house.passes(11 * MINUTE);
  await house.desk.accept(one, 'ann');
  tell();
  await house.passes(MINUTE);
  assert.deepEqual([house.stateOf('dgx001'), house.faults.size], ['ready', 0]);
  assert.deepEqual(house.desk.book.queue('pod1'), { cluster: 'pod1', waiting: [] });
});

test('a node that is installed anew while its run is under way is not made ready by that run', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ settleMs: 0, waves: { canaryNodes: 0, maxNodes: 20, maxFailedShare: 0 } })];
  house.runs.lastsMs = () => HOUR;
  for (const each of house.add('dgx001', 'dgx002')) await house.finished(each);
  await house.passes(2 * HOUR);
  const [again] = house.add('dgx003');
  assert.ok(again !== undefined);
  await house.finished(again);
  await house.passes(MINUTE);
  house.states.set(again.id, 'installing');
  await house.passes(30 * MINUTE);
  await house.finished(again);
  await house.passes(20 * MINUTE);
  assert.equal(house.stateOf('dgx003'), 'installed');
  const before = house.runs.begun.length;
  await house.restart();
  await house.passes(15 * MINUTE);
  assert.notEqual(house.stateOf('dgx003'), 'ready');
  assert.deepEqual(
    house.runs.begun.slice(before).map(({ hosts }) => hosts),
    [['dgx003']],
  );
  await house.passes(HOUR);
  assert.equal(house.stateOf('dgx003'), 'ready');
});

test('a run that was hindered for hours is tried soon when another node has finished: it may be the one that lacked', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ settleMs: 0 })];
  const [first, lacking] = house.add('mgmt01', 'mgmt02');
  assert.ok(first !== undefined && lacking !== undefined);
  const obstacle = { code: 'control-plane-awaited', message: 'mgmt02 has no system yet.', mend: 'Wait.' };
  house.runs.refuse = (request) =>
    house.stateOf('mgmt02') === 'installed' ? undefined : new RunRefused(request, [obstacle]);
  await house.finished(first);
  await house.passes(5 * HOUR, MINUTE);
  assert.equal(house.runs.begun.length, 0);
  await house.finished(lacking);
  await house.passes(MINUTE + 20_000);
  assert.equal(house.runs.begun.length, 1);
});

test('a node that starts once more is asked again in some minutes and holds up nobody; one that stays silent has a fault', async () => {
  const house = new HandOffHouse();
  house.clusters = [cluster({ settleMs: 0, waves: { canaryNodes: 0, maxNodes: 20, maxFailedShare: 0 } })];
  house.runs.lastsMs = () => MINUTE;
  const away = new Set(['dgx001', 'dgx002']);
  house.runs.refuse = (request) => {
    const silent = request.hosts.filter((name) => away.has(name));
    const message = (host: string) => `${host} does not answer`;
    if (silent.length === 0) return undefined;
    return new RunRefused(
      request,
      silent.map((host) => ({ code: 'ssh-no-answer', host, message: message(host), mend: 'Look at its console.' })),
    );
  };
  for (const each of house.add('dgx001', 'dgx002', 'dgx003')) house.states.set(each.id, 'installed');
  for (const each of house.nodes.values()) await house.finished(each);
  await house.passes(90_000);
  assert.deepEqual([house.stateOf('dgx003'), house.faults.size], ['ready', 0]);
  away.delete('dgx001');
  await house.passes(4 * MINUTE);
  assert.deepEqual([house.stateOf('dgx001'), house.faults.size], ['ready', 0]);
  await house.passes(30 * MINUTE);
  assert.match(house.faults.get('id-dgx002')?.text ?? '', /dgx002 does not answer/);
  assert.deepEqual(house.desk.book.queue('pod1').waiting, []);
  assert.equal(house.runs.begun.length, 2);
});

test('a node that was taken out of its cluster is told so, and the results of its joining hold no more', async () => {
  const house = new HandOffHouse();
  const [kept, taken] = house.add('dgx01', 'dgx02');
  for (const each of [kept, taken]) if (each !== undefined) await house.finished(each);
  await house.passes(HOUR);
  assert.deepEqual(
    house.desk.book.results().map(({ nodeId }) => nodeId),
    ['id-dgx01', 'id-dgx02'],
  );
  const failing = await house.runs.start({ cluster: 'pod1', action: 'remove', hosts: ['dgx01'], by: 'anna' });
  house.runs.outcome = () => ({ result: 'failed' });
  house.runs.end(failing.id);
  await house.passes(MINUTE);
  house.runs.outcome = () => ({ result: 'changed' });
  await house.runs.start({ cluster: 'pod1', action: 'remove', hosts: ['dgx02'], by: 'anna' });
  await house.passes(HOUR);
  assert.deepEqual(
    house.desk.book.results().map(({ nodeId }) => nodeId),
    ['id-dgx01'],
    'a removal that failed took nobody out',
  );
  const left = house.events.filter(({ type }) => type === 'hand-off.left');
  assert.deepEqual(
    left.map(({ text }) => text.replace(/run-\d+/, 'run')),
    ['dgx02 has left pod1 by run'],
  );
  await house.restart();
  assert.equal(house.desk.book.result('id-dgx02'), undefined);
  assert.equal(house.stateOf('dgx02'), 'ready', 'its system is there');
});
