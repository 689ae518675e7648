import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeId } from '../../../src/domain/node.ts';
import { HandOffDesk } from '../../../src/runners/hand-off/hand-off-desk.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { FakeClock, settle } from '../../harness/clock.ts';
import { House, nodeNumber } from '../../lifecycle/life/house.ts';
import { cluster, SimulatedRuns } from './house.ts';

const MINUTE = 60_000;

/** A life book and a hand-off that know each other, as the daemon has them. */
async function daemon(clock = new FakeClock(), store = new MemoryStore(), runs = new SimulatedRuns(clock)) {
  const documents = (await store.load()).documents;
  const houses: House[] = [];
  const house = () => houses[0] as House;
  const desk: HandOffDesk = new HandOffDesk({
    queues: documents['hand-off-queue'] ?? [],
    results: documents['hand-off'] ?? [],
    clusters: () => [cluster({ waves: { canaryNodes: 0, maxNodes: 10, maxFailedShare: 0.5 } })],
    nodes: {
      byId: (id: NodeId) => house().nodes.byId(id),
      byName: (name: string) => house().nodes.byName(name),
      all: () => house().nodes.all(),
    } as House['nodes'],
    hostOf: ({ id, name, roles }) => ({ id, name, roles }),
    runs,
    gate: { check: async () => new Map() },
    life: {
      state: (id) => house().book.life(house().nodes.byId(id) as never).state,
      since: (id) => house().book.life(house().nodes.byId(id) as never).since,
      started: (node) => house().book.handOffs.started(node),
      done: (node) => house().book.handOffs.done(node),
      failed: (node, fault) => house().book.handOffs.failed(node, fault),
      accepted: async (node, by) => void (await house().book.commands.command(node, 'ready', { by })),
    },
    commit: (batch) => store.commit(batch),
    clock,
    events: { wantsDebug: false, emit: () => undefined },
  });
  const effect = {
    kind: 'hand-off',
    perform: (node: Parameters<typeof desk.effect.perform>[0]) => desk.effect.perform(node),
  } as const;
  houses.push(
    await House.open({
      clock,
      store,
      nodes: [1, 2].map((number) => nodeNumber(number, { roles: ['gpu'] })),
      effects: [effect],
    }),
  );
  desk.start();
  return { clock, store, runs, desk, house: house() };
}

async function installed(house: House, number = 1): Promise<void> {
  await house.arm(number);
  const token = (await house.boot(number)) ?? '';
  const from = 0x0a4d0000 + number;
  await house.answer(token, 'preseed.cfg', from);
  await house.tell(token, 'finished', '', from);
  await house.tell(token, 'booted', '', from);
  await house.settled();
}

test('an installed node is handed off by a run and is ready when that has succeeded', async () => {
  const { house, clock, runs } = await daemon();
  await installed(house);
  assert.deepEqual([house.life().state, house.life().pending?.includes('hand-off')], ['installed', true]);
  await clock.advanceSettling(3 * MINUTE, MINUTE);
  assert.deepEqual([house.life().state, runs.begun.map(({ hosts }) => hosts)], ['handing-off', [['dgx01']]]);
  await clock.advanceSettling(15 * MINUTE, MINUTE);
  await settle(20);
  assert.deepEqual([house.life().state, house.life().fault], ['ready', undefined]);
});

test('a failed task stands in the node’s life; the retry clears it and brings it to ready', async () => {
  const { house, clock, runs, desk } = await daemon();
  runs.outcome = () => ({ result: 'failed', failedTask: 'join', message: 'no certificate' });
  await installed(house);
  await clock.advanceSettling(20 * MINUTE, MINUTE);
  await settle(20);
  assert.equal(house.life().state, 'handing-off');
  assert.match(house.life().fault?.text ?? '', /“join”: no certificate/);
  assert.match(house.life().fault?.mend ?? '', /hand-off retry dgx01/);
  runs.outcome = () => ({ result: 'changed' });
  await desk.resume('pod1');
  await desk.retry([house.node()], 'ann');
  await clock.advanceSettling(3 * MINUTE, MINUTE);
  await settle(20);
  assert.deepEqual([house.life().state, house.life().fault], ['handing-off', undefined]);
  await clock.advanceSettling(15 * MINUTE, MINUTE);
  await settle(20);
  assert.equal(house.life().state, 'ready');
});

test('a node that waits for hours has no fault; one whose cluster has stopped says so', async () => {
  const { house, clock, runs, desk } = await daemon();
  runs.lastsMs = () => undefined;
  await installed(house, 1);
  await clock.advanceSettling(3 * MINUTE, MINUTE);
  await installed(house, 2);
  await clock.advanceSettling(180 * MINUTE, 5 * MINUTE);
  assert.deepEqual([house.life(2).state, house.life(2).fault], ['installed', undefined]);
  runs.outcome = () => ({ result: 'failed' });
  runs.end('run-1');
  await settle(40);
  assert.equal(house.life(2).fault?.code, 'hand-off-waits');
  assert.match(house.life(2).fault?.mend ?? '', /hand-off resume pod1/);
  runs.outcome = () => ({ result: 'changed' });
  runs.lastsMs = () => MINUTE;
  await desk.resume('pod1');
  await clock.advanceSettling(10 * MINUTE, MINUTE);
  await settle(40);
  assert.deepEqual([house.life(2).state, house.life(2).fault], ['ready', undefined]);
});

test('the daemon dies while a node waits, and while its run is under way', async () => {
  for (const minutes of [0, 1, 3, 8]) {
    const before = await daemon();
    await installed(before.house);
    await before.clock.advanceSettling(minutes * MINUTE, MINUTE);
    await before.desk.stop();
    await before.house.book.stop();
    const after = await daemon(before.clock, before.store, before.runs);
    await after.clock.advanceSettling(30 * MINUTE, MINUTE);
    await settle(40);
    assert.deepEqual([after.house.life().state, after.runs.begun.length], ['ready', 1], `after ${minutes} minutes`);
  }
});

test('a node in use that a person’s run fails on is ready no more, and says why', async () => {
  const { clock, runs, house } = await daemon();
  await installed(house);
  await clock.advanceSettling(20 * MINUTE, MINUTE);
  await settle(20);
  assert.equal(house.life().state, 'ready');
  runs.outcome = () => ({ result: 'failed', failedTask: 'kubelet', message: 'no such image' });
  await runs.start({ cluster: 'pod1', action: 'deploy', hosts: ['dgx01'], by: 'ann' });
  await clock.advanceSettling(2 * MINUTE, MINUTE);
  await settle(20);
  assert.equal(house.life().state, 'ready', 'while it runs');
  await clock.advanceSettling(20 * MINUTE, MINUTE);
  await settle(20);
  assert.equal(house.life().state, 'handing-off');
  assert.match(house.life().fault?.text ?? '', /kubelet.*no such image/);
});
