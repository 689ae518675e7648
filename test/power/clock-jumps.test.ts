import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PowerPod } from './power-pod.ts';

const HOUR_MS = 3_600_000;

describe('a wall clock that jumps', () => {
  for (const [where, jumpMs] of [
    ['back', -HOUR_MS],
    ['ahead', HOUR_MS],
  ] as const) {
    test(`${where} neither holds up a job that is staggered nor lets it rush`, async () => {
      const pod = await PowerPod.open({ nodes: 8, isOn: false });
      const { clock } = pod.bmcs;
      const stagger = { nodes: 2, perMs: 10_000, by: 'all' } as const;
      const record = await pod.service.jobs.submit(pod.nodes, { action: 'on', by: 'anna', stagger });
      const startedAt = clock.monotonic();
      await clock.advanceSettling(12_000, 50);
      clock.jumpWallClock(jumpMs);
      await clock.advanceSettling(1_000, 50);
      const on = () => [...pod.chassis.values()].filter(({ isOn }) => isOn).length;
      // Two at 0, two at 10 s; after a jump ahead nobody can tell that the last ten seconds were not an hour.
      assert.ok(on() <= (jumpMs > 0 ? 6 : 4), `${on()} are on`);
      await pod.ended(record);
      assert.ok(clock.monotonic() - startedAt < 60_000, `${clock.monotonic() - startedAt} ms`);
    });

    test(`${where} does not count as what a machine takes to boot`, async () => {
      const pod = await PowerPod.open({ nodes: 1 });
      const record = await pod.service.jobs.submit(pod.nodes, { action: 'network-boot', by: 'anna' });
      await pod.bmcs.clock.advanceSettling(20_000, 50);
      assert.equal(record.steps.get('n1')?.stage, 'awaiting-boot');
      pod.bmcs.clock.jumpWallClock(jumpMs);
      const [step] = await pod.ended(record);
      assert.ok((step?.bootMs ?? 0) >= 30_000 && (step?.bootMs ?? 0) < 35_000, `${step?.bootMs}`);
    });

    test(`${where} leaves what is known of the power as fresh as before`, async () => {
      const pod = await PowerPod.open({ nodes: 1 });
      const { poller } = pod.service;
      poller.want();
      await pod.bmcs.clock.advanceSettling(120_000, 500);
      assert.equal(poller.known('n1')?.state, 'on');
      pod.bmcs.clock.jumpWallClock(jumpMs);
      pod.chassis.get('dgx01')?.turnOff();
      await pod.bmcs.clock.advanceSettling(150_000, 500);
      assert.equal(poller.known('n1')?.state, 'off');
    });
  }

  test('ahead, to the time of a job, is noticed within a minute', async () => {
    const pod = await PowerPod.open({ nodes: 1, isOn: false });
    const { clock } = pod.bmcs;
    const record = await pod.service.jobs.submit(pod.nodes, {
      action: 'on',
      by: 'anna',
      startAt: clock.now() + 2 * HOUR_MS,
    });
    await clock.advanceSettling(10_000, 1_000);
    clock.jumpWallClock(2 * HOUR_MS);
    await clock.advanceSettling(61_000, 500);
    assert.equal(record.steps.get('n1')?.stage, 'done');
  });

  test('back over the time of a job that recurs does not run it twice', async () => {
    const pod = await PowerPod.open({ nodes: 1, isOn: false });
    const { clock } = pod.bmcs;
    await pod.service.jobs.submit(pod.nodes, {
      action: 'on',
      by: 'anna',
      recurrence: { every: '0 * * * *', timeZone: 'UTC' },
    });
    const runs = () => pod.service.jobs.list().filter(({ job }) => job.parent !== undefined).length;
    await clock.advanceSettling(HOUR_MS + 120_000, 10_000);
    assert.equal(runs(), 1);
    clock.jumpWallClock(-600_000);
    await clock.advanceSettling(900_000, 10_000);
    assert.equal(runs(), 1);
  });
});
