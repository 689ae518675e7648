import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NetFn } from '../../src/codecs/ipmi/message.ts';
import { PowerPod } from './power-pod.ts';

describe('a job', () => {
  test('cycles a machine that is on: off once, on once', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    const record = await pod.service.jobs.submit(pod.nodes, { action: 'cycle', by: 'anna' });
    const [step] = await pod.ended(record);
    assert.equal(step?.stage, 'done');
    const { on, off, cycle } = pod.counts('dgx01');
    // The first `on` is the test's own.
    assert.deepEqual({ on, off, cycle }, { on: 2, off: 1, cycle: 0 });
  });

  test('says when it begins with a machine, which is then being started until it ends', async () => {
    const pod = await PowerPod.open({ nodes: 2 });
    const seen: string[] = [];
    const look = pod.events.push.bind(pod.events);
    pod.events.push = (...events) => {
      for (const { type, subject } of events)
        if (subject.nodeId !== undefined) seen.push(`${type} ${pod.service.jobs.isStarting(subject.nodeId)}`);
      return look(...events);
    };
    await pod.ended(await pod.service.jobs.submit(pod.nodes.slice(0, 1), { action: 'cycle', by: 'anna' }));
    await pod.ended(await pod.service.jobs.submit(pod.nodes.slice(1), { action: 'off', by: 'anna' }));
    assert.deepEqual(seen, ['power.begun true', 'power.done false', 'power.begun false', 'power.done false']);
  });

  test('switches a machine on that is off and was to be cycled', async () => {
    const pod = await PowerPod.open({ nodes: 1, isOn: false });
    await pod.ended(await pod.service.jobs.submit(pod.nodes, { action: 'cycle', by: 'anna' }));
    assert.equal(pod.counts('dgx01').off, 0);
    assert.equal(pod.counts('dgx01').on, 1);
  });

  test('leaves alone what is so already', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action: 'on', by: 'anna' }));
    assert.equal(step?.stage, 'done');
    assert.equal(pod.counts('dgx01').on, 1);
  });

  for (const action of ['off', 'soft', 'reset', 'cycle'] as const) {
    test(`${action} comes to its end on a line that loses a fifth, and is done once`, async () => {
      const pod = await PowerPod.open({ nodes: 8, faults: { loss: 0.2, duplication: 0.1, delayMs: 20 } });
      const steps = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action, by: 'anna' }));
      for (const { name, stage, text } of steps) {
        const counts = pod.counts(name);
        assert.ok(stage === 'done' || (action === 'reset' && stage === 'unsure'), `${name} ${stage} ${text}`);
        if (action === 'reset') assert.ok(counts.reset <= 1);
        else if (action === 'soft') assert.ok(counts.soft >= 1 && counts.soft <= 3);
        else assert.ok(counts.off >= 1 && counts.off <= 3);
      }
    });
  }

  test('waits for a chassis that takes 200 s', async () => {
    const pod = await PowerPod.open({
      nodes: 1,
      quirks: () => ({ powerDelayMs: 200_000 }),
      isOn: false,
      settings: { actionMs: 600_000 },
    });
    const [step] = await pod.ended(
      await pod.service.jobs.submit(pod.nodes, { action: 'on', by: 'anna' }),
      3_600_000,
      200,
    );
    assert.equal(step?.stage, 'done');
  });

  test('tells a model that is known to take 200 s once, and waits for it longer than for others', async () => {
    const pod = await PowerPod.open({
      nodes: 1,
      quirks: () => ({ powerDelayMs: 200_000 }),
      isOn: false,
      settings: { actionMs: 120_000 },
    });
    const [step] = await pod.ended(
      await pod.service.jobs.submit(pod.nodes, { action: 'on', by: 'anna' }),
      3_600_000,
      200,
    );
    assert.equal(step?.stage, 'done');
    assert.equal(pod.counts('dgx01').on, 1);
  });

  test('switches on at most two of a rack in ten seconds', async () => {
    const pod = await PowerPod.open({ nodes: 20, isOn: false });
    const stagger = { nodes: 2, perMs: 10_000, by: 'rack' } as const;
    const steps = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action: 'on', by: 'anna', stagger }));
    for (const rack of ['r0', 'r1']) {
      const times = steps
        .filter(({ group }) => group === rack)
        .map(({ onAt = 0 }) => onAt)
        .sort((a, b) => a - b);
      for (const [index, at] of times.entries()) {
        const third = times[index + 2];
        if (third !== undefined) assert.ok(third - at >= 9_000, `${third - at} ms`);
      }
    }
    assert.ok(steps.every(({ stage }) => stage === 'done'));
  });

  test('leaves nodes in maintenance and nodes without a BMC alone, and says so', async () => {
    const pod = await PowerPod.open({
      nodes: 3,
      change: (number) => (number === 3 ? ({ bmc: undefined } as never) : {}),
    });
    pod.reserved.set('dgx02', 'it is in maintenance');
    const steps = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action: 'off', by: 'anna' }));
    assert.deepEqual(
      steps.map(({ stage }) => stage),
      ['done', 'skipped', 'skipped'],
    );
    assert.match(steps[2]?.text ?? '', /no BMC/);
    assert.equal(pod.counts('dgx02').off, 0);
  });

  test('powers a node in maintenance for a person who names it alone', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    pod.reserved.set('dgx01', 'it is in maintenance');
    const request = { action: 'off', by: 'anna', evenInMaintenance: true } as const;
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, request));
    assert.equal(step?.stage, 'done');
  });

  test('leaves a node alone from the moment that it goes into maintenance, also over a restart', async () => {
    for (const restarts of [false, true]) {
      const pod = await PowerPod.open({ nodes: 2, quirks: () => ({ powerDelayMs: 4_000 }) });
      await pod.bmcs.clock.advanceSettling(10_000, 100);
      const record = await pod.service.jobs.submit(pod.nodes, { action: 'cycle', by: 'anna' });
      await pod.bmcs.clock.advanceSettling(2_000, 20);
      assert.equal(record.steps.get('n2')?.stage, 'turning-off');
      pod.reserved.set('dgx02', 'it is in maintenance (DIMM swap)');
      if (restarts) {
        await pod.service.stop();
        await pod.start();
      }
      const [one, two] = await pod.ended(pod.service.jobs.get(record.job.id));
      assert.deepEqual([one?.stage, two?.stage], ['done', 'skipped']);
      assert.match(
        two?.text ?? '',
        /left alone: it is in maintenance \(DIMM swap\); it may have been switched off before/,
      );
      assert.deepEqual([pod.chassis.get('dgx02')?.isOn, pod.counts('dgx02').on], [false, 1], 'its lid may be open');
    }
  });

  test('does not switch a machine on that went into maintenance while it waited for its turn', async () => {
    const pod = await PowerPod.open({ nodes: 2, isOn: false });
    const stagger = { nodes: 1, perMs: 60_000, by: 'all' } as const;
    const record = await pod.service.jobs.submit(pod.nodes, { action: 'on', by: 'anna', stagger });
    await pod.bmcs.clock.advanceSettling(20_000, 100);
    pod.reserved.set('dgx02', 'it is in maintenance');
    const [one, two] = await pod.ended(record);
    assert.deepEqual([one?.stage, two?.stage, pod.counts('dgx02').on], ['done', 'skipped', 0]);
  });

  test('that is paused begins nobody, and goes on', async () => {
    const pod = await PowerPod.open({ nodes: 20 });
    const stagger = { nodes: 1, perMs: 10_000, by: 'all' } as const;
    const record = await pod.service.jobs.submit(pod.nodes, { action: 'off', by: 'anna', stagger });
    await pod.bmcs.clock.advanceSettling(25_000, 100);
    await pod.service.jobs.pause(record.job.id);
    await pod.bmcs.clock.advanceSettling(100_000, 500);
    const { done, waiting } = record.counts();
    assert.ok(done >= 2 && done <= 4 && waiting === 20 - done, JSON.stringify(record.counts()));
    await pod.service.jobs.resume(record.job.id);
    assert.ok((await pod.ended(record)).every(({ stage }) => stage === 'done'));
  });

  test('that is cancelled leaves no machine half-way', async () => {
    const pod = await PowerPod.open({ nodes: 12, settings: { atOnce: 2 }, quirks: () => ({ powerDelayMs: 3_000 }) });
    const stagger = { nodes: 4, perMs: 30_000, by: 'all' } as const;
    const record = await pod.service.jobs.submit(pod.nodes, { action: 'cycle', by: 'anna', stagger });
    await pod.bmcs.clock.advanceSettling(2_000, 20);
    await pod.service.jobs.cancel(record.job.id, 'bert');
    const steps = await pod.ended(record);
    assert.equal(steps.filter(({ stage }) => stage === 'cancelled').length, 8);
    for (const [name, chassis] of pod.chassis) assert.ok(chassis.isOn, name);
  });

  test('begins at its time and in its window', async () => {
    const pod = await PowerPod.open({ nodes: 2 });
    // The clock stands at midnight UTC.
    const window = { opens: '0 2 * * *', lengthMs: 3_600_000, timeZone: 'UTC' };
    const record = await pod.service.jobs.submit(pod.nodes, { action: 'off', by: 'anna', window });
    await pod.bmcs.clock.advanceSettling(7_100_000, 30_000);
    assert.equal(record.counts().waiting, 2);
    const steps = await pod.ended(record, 3_600_000, 1_000);
    for (const { startedAt = 0 } of steps) assert.equal(new Date(startedAt).getUTCHours(), 2);
  });

  test('that recurs makes a job of its own each time', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    const recurrence = { every: '30 * * * *', timeZone: 'UTC' };
    const record = await pod.service.jobs.submit(pod.nodes, { action: 'cycle', by: 'anna', recurrence });
    await pod.bmcs.clock.advanceSettling(3 * 3_600_000, 2_000);
    const runs = pod.service.jobs.list().filter(({ job }) => job.parent === record.job.id);
    assert.equal(runs.length, 3);
    assert.ok(runs.every(({ job }) => job.state === 'done'));
    assert.equal(pod.counts('dgx01').off, 3);
    assert.equal(record.job.state, 'scheduled');
  });
});

describe('a store that takes nothing for a while', () => {
  test('stops jobs where they are, is told with a throttle, and they go on by themselves', async () => {
    const pod = await PowerPod.open({ nodes: 12, quirks: () => ({ powerDelayMs: 3_000 }) });
    await pod.bmcs.clock.advanceSettling(4_000, 100);
    const record = await pod.service.jobs.submit(pod.nodes, { action: 'cycle', by: 'anna' });
    await pod.bmcs.clock.advanceSettling(1_000, 20);
    const { commit } = pod;
    pod.commit = () => Promise.reject(new Error('ENOSPC'));
    await pod.bmcs.clock.advanceSettling(120_000, 200);
    const told = pod.events.filter(({ type }) => type === 'job.stuck');
    assert.ok(told.length > 0 && told.length <= 12 * 5, `${told.length}`);
    assert.ok(told.every(({ throttle, mend }) => throttle === 'store' && mend !== undefined));
    pod.commit = commit;
    const steps = await pod.ended(record);
    assert.ok(
      steps.every(({ stage }) => stage === 'done'),
      JSON.stringify(record.counts()),
    );
    for (const { name } of steps) assert.deepEqual([pod.counts(name).off, pod.counts(name).on], [1, 2], name);
  });
});

describe('a wrong password', () => {
  test('is tried once, and no more until the credentials change', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    await pod.service.vault.write('bmc', { userName: 'admin', password: 'wrong' });
    const [first] = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action: 'off', by: 'anna' }));
    assert.equal(first?.stage, 'failed');
    const before = pod.service.scheduler.statistics().commands;
    const [second] = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action: 'off', by: 'anna' }));
    assert.match(second?.text ?? '', /not tried again/);
    assert.equal(pod.service.scheduler.statistics().commands, before);
    assert.doesNotMatch(JSON.stringify([pod.events, first, second]), /wrong"|twenty-bytes/);
  });
});

/** A BMC whose status lags: it refuses with d5 what its machine is already, and reads otherwise for a while. */
async function lagging(reads: 'on' | 'off', lagMs: number) {
  let sentAtMs: number | undefined;
  let sendings = 0;
  const pod: PowerPod = await PowerPod.open({
    nodes: 1,
    isOn: reads === 'off',
    bmc: () => ({
      answer: ({ netFn, command }) => {
        if (netFn !== NetFn.CHASSIS) return undefined;
        const nowMs = pod.bmcs.clock.monotonic();
        if (command === 0x02) {
          sendings += 1;
          sentAtMs ??= nowMs;
          return { code: 0xd5, data: new Uint8Array() };
        }
        const isLagging = sentAtMs === undefined || nowMs - sentAtMs < lagMs;
        return command === 0x01 && isLagging
          ? { code: 0, data: Uint8Array.of(reads === 'on' ? 0x41 : 0x40, 0x10, 0x40, 0) }
          : undefined;
      },
    }),
  });
  return { pod, sendings: () => sendings };
}

describe('a BMC that says d5 (not in its present state) while its status lags', () => {
  for (const [action, reads] of [
    ['on', 'off'],
    ['off', 'on'],
    ['soft', 'on'],
  ] as const)
    test(`is looked at again, and ${action} is done`, async () => {
      const { pod, sendings } = await lagging(reads, 8_000);
      const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action, by: 'anna' }));
      assert.equal(step?.stage, 'done', step?.text);
      assert.equal(sendings(), 1);
    });

  for (const action of ['off', 'soft'] as const)
    test(`fails ${action} with what it said where it goes on so, and was told a few times at most`, async () => {
      const { pod, sendings } = await lagging('on', Number.POSITIVE_INFINITY);
      const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, { action, by: 'anna' }), 3_600_000, 200);
      assert.equal(step?.stage, 'failed');
      assert.match(step?.text ?? '', /\(d5\)/);
      assert.match(step?.mend ?? '', /podboot bmc log dgx01/);
      assert.ok(sendings() <= 3, `${sendings()} sendings`);
    });
});

describe('a crash in the middle', () => {
  test('at any commit leaves each of the machines cycled once', async () => {
    for (let crashAt = 2; crashAt <= 24; crashAt += 1) {
      const pod = await PowerPod.open({ nodes: 4, settings: { offMs: 100 } });
      const first = pod.commits;
      let isDead = false;
      const { commit } = pod;
      pod.commit = async (batch) => {
        if (isDead || pod.commits - first >= crashAt) {
          isDead = true;
          return new Promise(() => {});
        }
        await commit(batch);
      };
      const record = await pod.service.jobs.submit(pod.nodes, { action: 'cycle', by: 'anna' });
      await pod.bmcs.clock.advanceSettling(5_000, 20);
      void pod.service.fleet.close();
      await pod.bmcs.clock.advanceSettling(1_000, 20);
      pod.commit = commit;
      await pod.start();
      const again = pod.service.jobs.get(record.job.id);
      const steps = await pod.ended(again);
      for (const { name, stage } of steps) {
        assert.equal(stage, 'done', `${name} after commit ${crashAt}`);
        const { on, off } = pod.counts(name);
        assert.deepEqual({ on, off }, { on: 2, off: 1 }, `${name} after commit ${crashAt}`);
      }
    }
  });
});
