import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { LIFE_EVENTS } from '../../../src/lifecycle/life-events.ts';
import { newLife, transition } from '../../../src/lifecycle/transition.ts';
import { DEADLINES } from '../../harness/lifecycle-settings.ts';
import { UNTIMED } from './random-orders.ts';
import type { OrdersTask } from './random-orders-worker.ts';

const RUNS = 100_000;
const WORKERS = 2;
/** The same orders for everybody, so that whoever breaks one sees it; PODBOOT_SEED=random, or a number, tries others. */
const SEED = seedFrom(process.env.PODBOOT_SEED);

function seedFrom(text = '20260101'): number {
  return text === 'random' ? Math.floor(Math.random() * 0x7fffffff) : Number(text);
}

const eventOrder = fc.array(
  fc.record({
    kind: fc.constantFrom(...LIFE_EVENTS),
    afterMs: fc.integer({ min: 0, max: 10_000_000 }),
    armed: fc.boolean(),
    switchesOff: fc.boolean(),
  }),
  { maxLength: 25 },
);

test('whatever happens in whatever order, a node is in a state with a deadline, or in one that may last', () => {
  const property = fc.property(eventOrder, (order) => {
    let life = newLife({ id: 'n1', createdAt: 0 });
    let at = 0;
    for (const { kind, afterMs, armed, switchesOff } of order) {
      at += afterMs;
      const { next, effects } = transition(
        life,
        { kind, at, armed, switchesOff, fault: { code: 'x', text: 'x' } },
        DEADLINES,
      );
      assert.equal(next === life || next.version === life.version + 1, true);
      assert.equal(next.deadlineAt === null, UNTIMED.has(next.state), `${next.state} after ${kind}`);
      for (const effect of effects) assert.ok(next.pending?.includes(effect), 'an effect is kept until it is done');
      if (next.state === 'maintenance' || next.state === 'retired') assert.equal(next.pending, undefined);
      if (effects.includes('network-boot')) assert.ok(kind === 'armed' || kind === 'maintenance-left' || armed, kind);
      life = next;
    }
  });
  fc.assert(property, { seed: SEED, numRuns: RUNS });
});

/** Beside the test runner, which follows every promise of its own thread: that costs twice what the orders do. */
async function inWorker(task: OrdersTask): Promise<number> {
  const worker = new Worker(new URL('./random-orders-worker.ts', import.meta.url), { workerData: task });
  const [installs] = (await once(worker, 'message')) as [number];
  return installs;
}

test('whatever machines, installers and people do, nothing is installed without a grant, and by each grant one session', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const parts = Array.from({ length: WORKERS }, (_, part) => inWorker({ seed: SEED + part, runs: RUNS / WORKERS }));
  const installs = (await Promise.all(parts)).reduce((sum, each) => sum + each, 0);
  assert.ok(installs > RUNS / 100, `only ${installs} installations were tried`);
});
