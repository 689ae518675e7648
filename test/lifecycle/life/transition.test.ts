import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LifeStep, NODE_STATES, type NodeLife, type NodeState } from '../../../src/domain/node-life.ts';
import { LIFE_EVENTS, type LifeEvent, type LifeEventKind } from '../../../src/lifecycle/life-events.ts';
import { transition } from '../../../src/lifecycle/transition.ts';
import { DEADLINES } from '../../harness/lifecycle-settings.ts';
import { EXPECTED } from './table.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const FAULT = { code: 'test', text: 'something went wrong' };

/** The step in which a node comes into the state. */
const STEPS: Partial<Record<NodeState, LifeStep>> = { booting: 'waiting', installing: 'claimed' };

function life(state: NodeState, change: Partial<NodeLife> = {}): NodeLife {
  const step = STEPS[state];
  return {
    nodeId: 'n1',
    state,
    ...(step === undefined ? {} : { step }),
    since: NOW - 1_000,
    deadlineAt:
      state === 'ready' || state === 'enrolled' || state === 'maintenance' || state === 'retired' ? null : NOW,
    ...(state === 'maintenance' ? { before: 'enrolled' as const } : {}),
    version: 7,
    ...change,
  };
}

function event(kind: LifeEventKind, change: Partial<LifeEvent> = {}): LifeEvent {
  return { kind, at: NOW, fault: FAULT, ...change };
}

function happens(before: NodeLife, kind: LifeEventKind, change: Partial<LifeEvent> = {}) {
  return transition(before, event(kind, change), DEADLINES);
}

/** Resting states, and where a person put it: what may last for ever. */
const UNTIMED: readonly NodeState[] = ['enrolled', 'ready', 'maintenance', 'retired'];

for (const kind of LIFE_EVENTS) {
  for (const state of NODE_STATES) {
    const expected = EXPECTED[kind][state];
    test(`${kind} in ${state}: ${expected === '.' ? 'changes nothing' : expected}`, () => {
      const before = life(state);
      const { next, effects } = happens(before, kind);
      if (expected === '.') {
        assert.equal(next, before, 'the same object');
        assert.deepEqual(effects, []);
        return;
      }
      assert.equal(next.version, before.version + 1);
      if (expected === 'fault') {
        assert.equal(next.state, state);
        assert.deepEqual(next.fault, { ...FAULT, at: NOW });
      } else if (expected.startsWith('step:')) {
        assert.equal(next.state, state);
        assert.equal(next.step, expected.slice('step:'.length));
      } else {
        assert.equal(next.state, expected);
        assert.equal(next.since, NOW);
      }
      assert.equal(next.deadlineAt === null, UNTIMED.includes(next.state), 'a deadline, or a state that may last');
    });
  }
}

for (const [kind, row] of Object.entries(EXPECTED)) {
  test(`${kind} twice changes nothing the second time, where it is the same news`, () => {
    // These are news each time: another grant, another missed deadline, another failure.
    if (
      [
        'armed',
        'deadline',
        'installer-failed',
        'power-failed',
        'hand-off-failed',
        'network-boot',
        'installer-progress',
        'claimed',
      ].includes(kind)
    )
      return;
    for (const state of Object.keys(row) as NodeState[]) {
      const once = happens(life(state), kind as LifeEventKind).next;
      const twice = happens(once, kind as LifeEventKind).next;
      if (kind === 'powered-on' || kind === 'hand-off-started' || once.state !== state) {
        assert.ok(twice === once || twice.state === once.state || kind === 'hand-off-started', `${kind} in ${state}`);
      }
    }
  });
}

test('an installation from arming to a system that answers, with its effects', () => {
  let { next, effects } = happens(life('enrolled'), 'armed', { by: 'anna' });
  assert.deepEqual(
    [next.state, effects, next.pending, next.resting, next.by],
    ['powering', ['network-boot'], ['network-boot'], 'enrolled', 'anna'],
  );
  ({ next } = happens(next, 'powered-on'));
  assert.deepEqual([next.state, next.step, next.pending], ['booting', 'waiting', undefined]);
  ({ next } = happens(next, 'network-boot'));
  assert.deepEqual([next.step, next.deadlineAt], ['seen', NOW + DEADLINES.loading]);
  ({ next } = happens(next, 'claimed'));
  assert.deepEqual([next.state, next.step, next.deadlineAt], ['installing', 'claimed', NOW + DEADLINES.installing]);
  ({ next } = happens(next, 'installer-started'));
  assert.deepEqual([next.step, next.deadlineAt], ['started', NOW + DEADLINES.silence]);
  ({ next, effects } = happens(next, 'installer-finished', { hostKeys: ['ssh-ed25519 AAAA'] }));
  assert.deepEqual([next.step, effects, next.hostKeys], ['finished', ['disk-first'], ['ssh-ed25519 AAAA']]);
  ({ next, effects } = happens(next, 'os-answered'));
  assert.deepEqual([next.state, effects, next.hostKeys], ['installed', ['hand-off'], ['ssh-ed25519 AAAA']]);
  assert.deepEqual(next.pending, ['disk-first', 'hand-off'], 'the boot order is still to be put back');
});

test('an installer that switches the machine off has it switched on again', () => {
  const { effects } = happens(life('installing', { step: 'started' }), 'installer-finished', { switchesOff: true });
  assert.deepEqual(effects, ['disk-first', 'power-on']);
});

test('a system that answers is installed, also where the installer’s last word was lost', () => {
  const { next, effects } = happens(life('installing', { step: 'started' }), 'os-answered');
  assert.deepEqual([next.state, effects], ['installed', ['disk-first', 'hand-off']]);
});

test('words of an installer that come after its end change nothing', () => {
  const finished = life('installing', { step: 'finished' });
  for (const kind of [
    'installer-started',
    'installer-progress',
    'installer-finished',
    'installer-failed',
    'network-boot',
  ] as const) {
    assert.equal(happens(finished, kind).next, finished, kind);
  }
});

test('a machine that reboots after its installer failed keeps the reason of that', () => {
  for (const code of ['installer-failed', 'installer-no-disk', 'given-up']) {
    const failed = life('installing', { step: 'started', fault: { ...FAULT, code, at: 1 } });
    assert.equal(happens(failed, 'network-boot').next, failed, code);
  }
  const silent = life('installing', { step: 'started', fault: { ...FAULT, code: 'installer-silent', at: 1 } });
  assert.equal(happens(silent, 'network-boot').next.fault?.at, NOW, 'a reboot says more than silence');
});

test('progress puts the deadline off and clears the fault of silence', () => {
  const silent = life('installing', { step: 'started', fault: { ...FAULT, at: 1 } });
  const { next } = happens(silent, 'installer-progress');
  assert.deepEqual([next.fault, next.deadlineAt], [undefined, NOW + DEADLINES.silence]);
});

test('a failure that the retry policy answers starts the node again', () => {
  const { next, effects } = happens(life('installing', { step: 'started' }), 'installer-failed', { armed: true });
  assert.deepEqual(
    [next.state, effects, next.fault, next.resting],
    ['powering', ['network-boot'], undefined, 'enrolled'],
  );
});

test('a grant that ends brings the node back to where it rested', () => {
  for (const state of ['enrolled', 'installed', 'ready'] as const) {
    const armed = happens(life(state), 'armed').next;
    assert.equal(happens(armed, 'grant-ended').next.state, state);
    const booting = happens(armed, 'powered-on').next;
    assert.equal(happens(booting, 'grant-ended').next.state, state);
  }
});

test('maintenance drops what was to be done, and comes back to the state before', () => {
  const armed = happens(life('ready'), 'armed').next;
  const { next } = happens(armed, 'maintenance-entered', { by: 'anna', reason: 'DIMM swap' });
  assert.deepEqual(
    [next.state, next.before, next.pending, next.by, next.reason],
    ['maintenance', 'powering', undefined, 'anna', 'DIMM swap'],
  );
  const left = happens(next, 'maintenance-left', { armed: true });
  assert.deepEqual([left.next.state, left.effects], ['powering', ['network-boot']]);
  assert.equal(happens(next, 'maintenance-left').next.state, 'ready', 'it is armed no more');
});

test('an installation goes on in maintenance: each of its words counts, and what it asks for is done afterwards', () => {
  const installing = life('installing', { step: 'claimed' });
  const inMaintenance = happens(installing, 'maintenance-entered').next;
  assert.deepEqual([inMaintenance.before, inMaintenance.step], ['installing', 'claimed']);
  const started = happens(inMaintenance, 'installer-started').next;
  assert.equal(happens(started, 'maintenance-left').next.step, 'started');

  const hostKeys = ['ssh-ed25519 AAAA'];
  const finished = happens(started, 'installer-finished', { hostKeys });
  assert.deepEqual(
    [finished.next.state, finished.next.step, finished.next.pending, finished.effects, finished.next.hostKeys],
    ['maintenance', 'finished', undefined, [], hostKeys],
  );
  const back = happens(finished.next, 'maintenance-left');
  assert.deepEqual(
    [back.next.state, back.next.step, back.next.pending, back.effects, back.next.owed],
    ['installing', 'finished', ['disk-first'], ['disk-first'], undefined],
  );
  assert.equal(back.next.deadlineAt, NOW + DEADLINES.finishing);

  const answered = happens(finished.next, 'os-answered').next;
  assert.deepEqual([answered.state, answered.before], ['maintenance', 'installed']);
  const installed = happens(answered, 'maintenance-left');
  assert.deepEqual([installed.next.state, installed.effects], ['installed', ['disk-first', 'hand-off']]);

  const switchedOff = happens(started, 'installer-finished', { switchesOff: true }).next;
  assert.deepEqual(happens(switchedOff, 'maintenance-left').effects, ['disk-first', 'power-on']);
  assert.deepEqual(happens(switchedOff, 'armed').next.pending, ['network-boot'], 'another installation begins');
});

test('an installation that fails in maintenance has failed afterwards', () => {
  const inMaintenance = happens(life('installing', { step: 'started' }), 'maintenance-entered').next;
  for (const kind of ['installer-failed', 'network-boot'] as const) {
    const failed = happens(inMaintenance, kind, { armed: false }).next;
    assert.deepEqual([failed.state, failed.fault?.code], ['maintenance', 'test']);
    const back = happens(failed, 'maintenance-left').next;
    assert.deepEqual([back.state, back.step, back.fault?.code], ['installing', 'started', 'test']);
  }
  assert.equal(happens(life('maintenance', { before: 'ready' }), 'network-boot').next.fault, undefined);
});

test('what was still to be done when maintenance began is done when it ends', () => {
  const { next } = happens(life('installed', { pending: ['disk-first', 'hand-off'] }), 'maintenance-entered');
  assert.deepEqual([next.pending, next.owed], [undefined, ['disk-first', 'hand-off']]);
  const back = happens(next, 'maintenance-left').next;
  assert.deepEqual([back.state, back.pending, back.owed], ['installed', ['disk-first', 'hand-off'], undefined]);
  assert.equal(happens(next, 'retired').next.pending, undefined);

  const handingOff = happens(life('handing-off'), 'maintenance-entered').next;
  assert.equal(happens(happens(handingOff, 'hand-off-done').next, 'maintenance-left').next.state, 'ready');
});

test('a missed deadline sets the next one', () => {
  const { next } = happens(life('booting', { step: 'seen' }), 'deadline');
  assert.deepEqual([next.fault?.code, next.deadlineAt], ['test', NOW + DEADLINES.loading]);
});

test('an installed node that waits for its runner has patience, one without a runner is ready', () => {
  const waiting = happens(life('installed', { pending: ['hand-off'] }), 'deadline').next;
  assert.deepEqual([waiting.state, waiting.fault], ['installed', undefined], 'it waits for its runner');
  assert.equal(happens(life('installed'), 'deadline').next.state, 'ready');
});

test('a fault can be cleared wherever it is', () => {
  for (const state of ['enrolled', 'powering', 'booting', 'installing', 'installed', 'handing-off', 'ready'] as const) {
    const { next } = happens(life(state, { fault: { ...FAULT, at: 1 } }), 'fault-cleared');
    assert.deepEqual([next.state, next.fault], [state, undefined]);
  }
});

test('a person may call an installation with a fault ready, but not one that goes well', () => {
  assert.equal(happens(life('installing', { fault: { ...FAULT, at: 1 } }), 'made-ready').next.state, 'ready');
  assert.equal(happens(life('installing'), 'made-ready').next.state, 'installing');
});
