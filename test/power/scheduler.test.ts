import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BmcError } from '../../src/bmc/driver.ts';
import { BreakerOpen } from '../../src/power/breaker.ts';
import { PRIORITIES, type Priority, Scheduler } from '../../src/power/scheduler.ts';
import { FakeClock, settle } from '../harness/clock.ts';

function scheduler(clock: FakeClock, change: { atOnce?: number; minGapMs?: number } = {}): Scheduler {
  const { atOnce = 64, minGapMs = 0 } = change;
  return new Scheduler({ clock, random: () => 0.5, atOnce: () => atOnce, minGapMs: () => minGapMs });
}

function takes(clock: FakeClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, ms));
}

const silent = async (clock: FakeClock, deadlineMs: number): Promise<never> => {
  await takes(clock, deadlineMs);
  throw new BmcError('no-answer', 'it is silent');
};

describe('the scheduler', () => {
  test('never has two commands at one BMC, nor more than its cap of those that answer, whatever is asked', async () => {
    const ask = fc.record({
      bmc: fc.integer({ min: 0, max: 5 }),
      priority: fc.constantFrom(...PRIORITIES),
      atMs: fc.integer({ min: 0, max: 400 }),
      // More than that, and it lends its place.
      takesMs: fc.integer({ min: 1, max: 45 }),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(ask, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 30 }),
        async (asks, atOnce, minGapMs) => {
          const clock = new FakeClock();
          const queue = scheduler(clock, { atOnce, minGapMs });
          const busy = new Set<number>();
          const broken: string[] = [];
          const lastEnd = new Map<number, number>();
          let settled = 0;
          for (const { bmc, priority, atMs, takesMs, fails } of asks) {
            clock.setTimeout(() => {
              const use = async () => {
                if (busy.has(bmc)) broken.push('two commands at one BMC');
                busy.add(bmc);
                if (busy.size > atOnce) broken.push(`${busy.size} at once`);
                const gap = clock.monotonic() - (lastEnd.get(bmc) ?? Number.NEGATIVE_INFINITY);
                if (gap < minGapMs - 1e-6) broken.push(`a gap of ${gap} ms`);
                await takes(clock, takesMs);
                busy.delete(bmc);
                lastEnd.set(bmc, clock.monotonic());
                if (fails) throw new BmcError('refused', 'no');
              };
              queue.run(String(bmc), priority, use).then(
                () => (settled += 1),
                (error: unknown) => {
                  if (!(error instanceof BmcError)) throw error;
                  settled += 1;
                },
              );
            }, atMs);
          }
          await clock.advanceSettling(8_000, 4);
          assert.deepEqual(broken, []);
          assert.equal(settled, asks.length);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('lets people before jobs, and jobs before polling', async () => {
    const clock = new FakeClock();
    const queue = scheduler(clock);
    const order: Priority[] = [];
    const asks: Priority[] = ['poll', 'poll', 'job', 'person', 'job'];
    for (const priority of asks)
      void queue.run('bmc', priority, async () => {
        order.push(priority);
        await takes(clock, 10);
      });
    await clock.advanceSettling(100, 5);
    // The first had its turn before the others came.
    assert.deepEqual(order, ['poll', 'person', 'job', 'job', 'poll']);
  });

  test('asks 900 BMCs three times each as if the 100 dead ones among them were not there', async () => {
    const time = async (withDead: boolean) => {
      const clock = new FakeClock();
      const queue = scheduler(clock);
      const startedAt = clock.monotonic();
      let lastMs = 0;
      const talk = async (bmc: number) => {
        const isDead = bmc % 10 === 0;
        const use = isDead ? (deadlineMs: number) => silent(clock, deadlineMs) : () => takes(clock, 40);
        for (let turn = 0; turn < 3; turn += 1) await queue.run(String(bmc), 'job', use).catch(() => undefined);
        if (!isDead) lastMs = clock.monotonic();
      };
      for (let bmc = 0; bmc < 1_000; bmc += 1) if (withDead || bmc % 10 !== 0) void talk(bmc);
      await clock.advanceSettling(10_000, 5);
      return lastMs - startedAt;
    };
    const [without, withDead] = [await time(false), await time(true)];
    assert.ok(withDead <= without * 1.05, `${withDead} ms with, ${without} ms without`);
  });

  test('opens the breaker of a BMC that is silent, and closes it by itself when it answers again', async () => {
    const clock = new FakeClock();
    const queue = scheduler(clock);
    let asked = 0;
    let isDead = true;
    const use = async (deadlineMs: number) => {
      asked += 1;
      if (isDead) await silent(clock, deadlineMs);
    };
    const failures: unknown[] = [];
    for (let minute = 0; minute < 60; minute += 1) {
      queue.run('bmc', 'poll', use).catch((error: unknown) => failures.push(error));
      await clock.advanceSettling(60_000, 1_000);
    }
    assert.ok(asked >= 8 && asked < 25, `${asked} of 60`);
    assert.ok(failures.some((error) => error instanceof BreakerOpen));
    isDead = false;
    await clock.advanceSettling(400_000, 10_000);
    await queue.run('bmc', 'poll', use);
    assert.equal(queue.view('bmc')?.breaker, 'closed');
  });

  test('tries a BMC with an open breaker for a person who waits', async () => {
    const clock = new FakeClock();
    const queue = scheduler(clock);
    for (let turn = 0; turn < 3; turn += 1) {
      queue.run('bmc', 'poll', (deadlineMs) => silent(clock, deadlineMs)).catch(() => {});
      await clock.advanceSettling(30_000, 1_000);
    }
    assert.notEqual(queue.view('bmc')?.breaker, 'closed');
    assert.equal(await queue.run('bmc', 'person', async () => 'on'), 'on');
  });

  test('learns how long a BMC takes, and waits longer for slow ones', async () => {
    const clock = new FakeClock();
    const queue = scheduler(clock);
    const deadlines = new Map<string, number>();
    for (let turn = 0; turn < 20; turn += 1) {
      for (const [bmc, ms] of [
        ['quick', 20],
        ['slow', 8_000],
      ] as const)
        void queue.run(bmc, 'poll', (deadlineMs) => {
          deadlines.set(bmc, deadlineMs);
          return takes(clock, ms);
        });
      await clock.advanceSettling(20_000, 500);
    }
    assert.equal(deadlines.get('quick'), 5_000);
    assert.ok((deadlines.get('slow') ?? 0) >= 30_000);
  });

  test('gives a driver up that does not keep its deadline', async () => {
    const clock = new FakeClock();
    const queue = scheduler(clock);
    const hung = queue.run('bmc', 'person', () => new Promise(() => {}));
    const failed = assert.rejects(hung, (error: unknown) => error instanceof BmcError && error.mayHaveActed);
    await clock.advanceSettling(60_000, 1_000);
    await failed;
    await settle();
    assert.equal(await queue.run('bmc', 'person', async () => 'on'), 'on');
  });
});
