import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EffectOutcome, EffectPort } from '../../../src/domain/install-ports.ts';
import type { Node } from '../../../src/domain/node.ts';
import type { EffectKind } from '../../../src/domain/node-life.ts';
import { AlarmClock } from '../../../src/lifecycle/alarm-clock.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { FakeClock } from '../../harness/clock.ts';
import { House, nodeNumber } from './house.ts';

const MINUTE = 60_000;

/** Does as a test says, when it says. */
class FakePort implements EffectPort {
  readonly kind: EffectKind;
  readonly asked: string[] = [];
  #answer: () => Promise<EffectOutcome | undefined>;

  constructor(kind: EffectKind, answer: () => Promise<EffectOutcome | undefined>) {
    this.kind = kind;
    this.#answer = answer;
  }

  perform({ name }: Node): Promise<EffectOutcome | undefined> {
    this.asked.push(name);
    return this.#answer();
  }
}

test('a machine that the BMC starts is booting', async () => {
  const power = new FakePort('network-boot', async () => ({ done: true, text: 'dgx01 is on' }));
  const house = await House.open({ effects: [power] });
  await house.arm();
  await house.settled();
  assert.deepEqual(
    [power.asked, house.life().state, house.life().step, house.life().pending],
    [['dgx01'], 'booting', 'waiting', undefined],
  );
});

test('a BMC that fails leaves a fault, and the machine that comes all the same clears it', async () => {
  const power = new FakePort('network-boot', () => Promise.reject(new Error('BMC 10.77.9.101 does not answer')));
  const house = await House.open({ effects: [power] });
  await house.arm();
  await house.settled();
  assert.deepEqual([house.life().state, house.life().fault?.code], ['powering', 'power-failed']);
  assert.match(house.life().fault?.text ?? '', /does not answer/);
  await house.discover();
  assert.deepEqual([house.life().state, house.life().step, house.life().fault], ['booting', 'seen', undefined]);
});

test('a node that a port can’t power is told to be powered by hand', async () => {
  const house = await House.open({ effects: [new FakePort('network-boot', async () => undefined)] });
  await house.arm();
  await house.settled();
  assert.equal(house.of('effect.network-boot')[0]?.data?.fate, 'by-hand');
  assert.equal(house.life().state, 'booting');
});

test('a restart takes up an effect whose outcome nobody knows', async () => {
  const store = new MemoryStore();
  const hangs = new FakePort('network-boot', () => new Promise(() => {}));
  const before = await House.open({ store, effects: [hangs] });
  await before.arm();
  await before.settled();
  assert.deepEqual(before.life().pending, ['network-boot']);
  const works = new FakePort('network-boot', async () => ({ done: true, text: 'on' }));
  const after = await House.open({ store, effects: [works], clock: before.clock });
  await after.settled();
  assert.deepEqual([works.asked, after.life().state], [['dgx01'], 'booting']);
});

test('an effect is begun once at a time, and one that nobody waits for any more changes nothing', async () => {
  let finish: (outcome: EffectOutcome) => void = () => {};
  const power = new FakePort('network-boot', () => new Promise((resolve) => (finish = resolve)));
  const house = await House.open({ effects: [power] });
  await house.arm();
  await house.settled();
  await house.discover();
  assert.equal(house.life().step, 'seen', 'somebody pressed the button');
  finish({ done: true, text: 'on' });
  await house.settled();
  assert.deepEqual([power.asked.length, house.life().step], [1, 'seen']);
});

test('the boot order is put back when the installer is done, and a machine that switches itself off is switched on', async () => {
  const disk = new FakePort('disk-first', async () => ({ done: true, text: 'disk first' }));
  const on = new FakePort('power-on', async () => ({ done: true, text: 'on' }));
  const house = await House.open({ effects: [disk, on] });
  await house.arm(1, 'dgx-os-5');
  const token = (await house.boot()) as string;
  await house.answer(token);
  await house.tell(token, 'started');
  await house.tell(token, 'finished');
  await house.settled();
  assert.deepEqual([disk.asked, on.asked, house.life().pending], [['dgx01'], ['dgx01'], undefined]);
});

test('a runner takes an installed node over, and it is ready when the runner is done', async () => {
  const handOff = new FakePort('hand-off', async () => ({ done: true, text: 'slurm takes it' }));
  const house = await House.open({ effects: [handOff] });
  await house.arm();
  const token = (await house.boot()) as string;
  await house.answer(token);
  await house.tell(token, 'booted');
  await house.settled();
  assert.equal(house.life().state, 'handing-off');
});

test('a missed deadline is told at once with its diagnosis, and again only when that changes', async () => {
  const house = await House.open();
  await house.arm();
  await house.settled();
  house.fault = { code: 'no-discover', text: 'it never asked', mend: 'Look at its cable.' };
  await house.clock.advanceSettling(31 * MINUTE, MINUTE);
  await house.settled();
  assert.deepEqual([house.life().state, house.life().fault?.code], ['booting', 'no-discover']);
  assert.deepEqual(
    house.of('life.fault').map(({ level, mend }) => [level, mend]),
    [['warn', 'Look at its cable.']],
  );
  await house.clock.advanceSettling(31 * MINUTE, MINUTE);
  assert.equal(house.of('life.fault').length, 1, 'the same again is not told');
  house.fault = { code: 'offer-unanswered', text: 'it was offered an address' };
  await house.clock.advanceSettling(31 * MINUTE, MINUTE);
  assert.equal(house.of('life.fault').length, 2);
  await house.discover();
  assert.equal(house.life().fault, undefined);
});

test('a deadline that passed while podboot was down is looked at when it starts', async () => {
  const store = new MemoryStore();
  const before = await House.open({ store });
  await before.arm();
  await before.settled();
  await before.book.stop();
  before.clock.advance(2 * 60 * MINUTE);
  const after = await House.open({ store, clock: before.clock });
  await after.clock.advanceSettling(1_000, 1_000);
  await after.settled();
  assert.equal(after.life().fault?.code, 'late');
});

test('a GPU server has the deadlines of its platform', async () => {
  const deadlines = {
    powering: 1,
    booting: 2,
    loading: 3,
    installing: 4,
    silence: 5,
    finishing: 6,
    installed: 7,
    'handing-off': 8,
  };
  const slow = { ...deadlines, powering: 90 * MINUTE };
  const nodes = [nodeNumber(1, { group: 'dgx' }), nodeNumber(2, { labels: { platform: 'dgx' } })];
  const hangs = new FakePort('network-boot', () => new Promise(() => {}));
  const house = await House.open({ nodes, effects: [hangs], lifecycle: { platforms: new Map([['dgx', slow]]) } });
  for (const number of [1, 2]) {
    await house.arm(number);
    assert.equal(house.life(number).deadlineAt, house.clock.now() + 90 * MINUTE);
  }
});

test('four thousand deadlines take one timer, and ring in order, each once', () => {
  const clock = new FakeClock();
  const rung: string[] = [];
  const alarms = new AlarmClock(clock, (key) => void rung.push(key));
  const start = clock.now();
  for (let node = 4_000; node > 0; node -= 1) alarms.set(`n${node}`, start + node * 1_000);
  for (let node = 1; node <= 4_000; node += 2) alarms.set(`n${node}`, null);
  for (let node = 2; node <= 4_000; node += 4) alarms.set(`n${node}`, start + node * 2_000);
  assert.equal(clock.pendingTimers, 1);
  clock.advance(8_000_000);
  const due = (key: string) => (Number(key.slice(1)) % 4 === 2 ? 2_000 : 1_000) * Number(key.slice(1));
  assert.equal(rung.length, 2_000);
  assert.ok(rung.every((key, at) => at === 0 || due(rung[at - 1] ?? '') <= due(key)));
  assert.deepEqual([alarms.size, clock.pendingTimers], [0, 0]);
});

test('a wall clock that jumps forward rings within a minute', () => {
  const clock = new FakeClock();
  const rung: string[] = [];
  const alarms = new AlarmClock(clock, (key) => void rung.push(key));
  alarms.set('n1', clock.now() + 3_600_000);
  clock.jumpWallClock(3_600_000);
  clock.advance(60_000);
  assert.deepEqual(rung, ['n1']);
  alarms.stop();
});

test('four thousand nodes that are armed and boot at once are few transactions', async () => {
  const store = new MemoryStore();
  const nodes = Array.from({ length: 4_000 }, (_, index) => nodeNumber(index + 1));
  const house = await House.open({ store, nodes });
  await Promise.all(nodes.map((node) => house.book.armoury.arm(node, { profile: 'os', by: 'anna', explicit: false })));
  await house.settled();
  for (const { id } of nodes) {
    house.book.emit({
      type: 'dhcp.offer',
      level: 'info',
      subject: { nodeId: id },
      text: 'offer',
      data: { stage: 'pxe' },
    });
  }
  await house.settled();
  assert.ok(nodes.every((node) => house.book.life(node).step === 'seen'));
  assert.ok(store.batches.length < 60, `${store.batches.length} transactions`);
});
