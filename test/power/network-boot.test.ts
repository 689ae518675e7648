import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PowerPod } from './power-pod.ts';

const order = { action: 'network-boot', by: 'anna' } as const;

describe('the boot sequence of the guide', () => {
  test('starts a machine from the network and ends with its DISCOVER', async () => {
    const pod = await PowerPod.open({ nodes: 2 });
    const steps = await pod.ended(await pod.service.jobs.submit(pod.nodes, order));
    for (const { stage, text, attempt, bootMs } of steps) {
      assert.equal(stage, 'done', text);
      assert.match(text ?? '', /has asked the network/);
      assert.equal(attempt, 1);
      assert.ok(bootMs !== undefined && bootMs >= 30_000 && bootMs < 35_000, `${bootMs}`);
    }
    assert.deepEqual([pod.counts('dgx01').off, pod.counts('dgx01').on], [1, 2]);
  });

  test('switches a machine on that is off', async () => {
    const pod = await PowerPod.open({ nodes: 1, isOn: false });
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, order));
    assert.equal(step?.stage, 'done');
    assert.equal(pod.counts('dgx01').off, 0);
  });

  test('keeps the flag past the 60 s that a chassis takes to switch off and on', async () => {
    const pod = await PowerPod.open({
      nodes: 1,
      quirks: () => ({ powerDelayMs: 90_000 }),
      settings: { actionMs: 600_000 },
    });
    // Until the chassis is on, which takes as long.
    await pod.bmcs.clock.advanceSettling(100_000, 1_000);
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, order), 3_600_000, 200);
    assert.equal(step?.stage, 'done', step?.text);
    assert.equal(step?.attempt, 1);
  });

  test('is armed and started again where the BMC lies, a bounded number of times, and ends in a diagnosis', async () => {
    const pod = await PowerPod.open({ nodes: 1, quirks: () => ({ liesAboutBootOrder: true }) });
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, order), 4 * 3_600_000, 1_000);
    assert.equal(step?.stage, 'failed');
    assert.equal(step?.attempt, 3);
    assert.match(step?.text ?? '', /started from the network 3 times/);
    assert.match(step?.mend ?? '', /podboot console dgx01/);
    assert.equal(pod.counts('dgx01').off, 3);
    assert.equal(pod.events.filter(({ type }) => type === 'power.not-seen').length, 2);
  });

  test('warns of a BMC that drops the bit for UEFI, and boots all the same', async () => {
    const pod = await PowerPod.open({
      nodes: 1,
      bmc: () => ({
        answer: ({ netFn, command }) =>
          netFn === 0 && command === 0x09 ? { code: 0, data: Uint8Array.of(1, 5, 0x80, 0x04, 0, 0, 0) } : undefined,
      }),
    });
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, order));
    assert.equal(step?.stage, 'done');
    const warning = pod.events.find(({ type }) => type === 'power.boot-order');
    assert.match(warning?.text ?? '', /told to boot from network \(once, UEFI\) and reads network \(once, BIOS\)/);
  });

  test('learns what its kind takes, and waits no longer for the next', async () => {
    const pod = await PowerPod.open({ nodes: 12, quirks: (number) => ({ liesAboutBootOrder: number === 12 }) });
    const [last] = pod.nodes.slice(-1);
    assert.ok(last);
    await pod.ended(await pod.service.jobs.submit(pod.nodes.slice(0, 11), order));
    const startedAt = pod.bmcs.clock.now();
    await pod.ended(await pod.service.jobs.submit([last], order), 3_600_000, 200);
    const tookMs = pod.bmcs.clock.now() - startedAt;
    assert.ok(tookMs < 3 * 180_000, `${tookMs} ms for three tries of two minutes`);
  });

  test('goes on after a crash while it waits for the machine', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    pod.bootDelayMs = 120_000;
    const record = await pod.service.jobs.submit(pod.nodes, order);
    await pod.bmcs.clock.advanceSettling(20_000, 50);
    assert.equal(record.steps.get('n1')?.stage, 'awaiting-boot');
    await pod.service.stop();
    await pod.start();
    const [step] = await pod.ended(pod.service.jobs.get(record.job.id));
    assert.equal(step?.stage, 'done');
    assert.deepEqual([pod.counts('dgx01').off, pod.counts('dgx01').on], [1, 2]);
  });
});

describe('a machine that can only be woken', () => {
  const wakeable = { nodes: 1, change: () => ({ bmc: { driver: 'none', wakeOnLan: true } as const }) };

  test('is started from the network when it asks it, and not when the packet was sent', async () => {
    const pod = await PowerPod.open(wakeable);
    let packets = 0;
    pod.woken = () => {
      packets += 1;
      const [node] = pod.nodes;
      // The first one gets lost.
      if (packets === 2 && node !== undefined) pod.bmcs.clock.setTimeout(() => pod.discover(node), 30_000);
    };
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, order), 3_600_000, 200);
    assert.equal(step?.stage, 'done', step?.text);
    assert.match(step?.text ?? '', /has asked the network, 30 s/);
    assert.equal(packets, 2);
  });

  test('and is not seen is told of after a bounded number of packets', async () => {
    const pod = await PowerPod.open(wakeable);
    const [step] = await pod.ended(await pod.service.jobs.submit(pod.nodes, order), 4 * 3_600_000, 1_000);
    assert.equal(step?.stage, 'failed');
    assert.match(step?.text ?? '', /was sent a magic packet 3 times, and has not asked for an address/);
  });
});

describe('what a node’s life asks for', () => {
  test('is done when the machine is on; asked for twice it is one job', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    const port = pod.service.effects.find(({ kind }) => kind === 'network-boot');
    const [node] = pod.nodes;
    assert.ok(port && node);
    const both = Promise.all([port.perform(node), port.perform(node)]);
    await pod.bmcs.clock.advanceSettling(10_000, 50);
    const outcomes = await both;
    assert.deepEqual(
      outcomes.map((outcome) => outcome?.done),
      [true, true],
    );
    await pod.bmcs.clock.advanceSettling(60_000, 50);
    assert.deepEqual([pod.counts('dgx01').off, pod.counts('dgx01').on], [1, 2]);
  });

  test('ends with the grant that it was for: a machine that runs goes on running, one that was switched off comes on', async () => {
    for (const isEarly of [true, false]) {
      const pod = await PowerPod.open({ nodes: 1, quirks: () => ({ powerDelayMs: 4_000 }) });
      await pod.bmcs.clock.advanceSettling(10_000, 100);
      const port = pod.service.effects.find(({ kind }) => kind === 'network-boot');
      const [node] = pod.nodes;
      assert.ok(port && node);
      const begun = port.perform(node);
      if (!isEarly) await pod.bmcs.clock.advanceSettling(2_000, 20);
      pod.unwanted.add('dgx01');
      await pod.bmcs.clock.advanceSettling(30_000, 50);
      const { off } = pod.counts('dgx01');
      assert.deepEqual([(await begun)?.done, off, pod.chassis.get('dgx01')?.isOn], [!isEarly, isEarly ? 0 : 1, true]);
    }
  });

  test('does not switch a machine on again that went into maintenance before it was off', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    const port = pod.service.effects.find(({ kind }) => kind === 'power-on');
    const [node] = pod.nodes;
    assert.ok(port && node);
    const done = port.perform(node);
    await pod.bmcs.clock.advanceSettling(20_000, 50);
    pod.reserved.set('dgx01', 'it is in maintenance');
    pod.chassis.get('dgx01')?.turnOff('soft');
    await pod.bmcs.clock.advanceSettling(10_000, 50);
    assert.deepEqual([(await done)?.done, pod.chassis.get('dgx01')?.isOn], [false, false]);
  });

  test('is left to hands where there is no BMC', async () => {
    const pod = await PowerPod.open({ nodes: 1, change: () => ({ bmc: { driver: 'none' } }) });
    const [node] = pod.nodes;
    assert.ok(node);
    for (const port of pod.service.effects) assert.equal(await port.perform(node), undefined);
  });

  test('puts the disk first, for ever', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    const port = pod.service.effects.find(({ kind }) => kind === 'disk-first');
    const [node] = pod.nodes;
    assert.ok(port && node);
    const done = port.perform(node);
    await pod.bmcs.clock.advanceSettling(2_000, 20);
    assert.equal((await done)?.done, true);
    const flags = pod.chassis.get('dgx01')?.flags;
    assert.deepEqual([flags?.isPersistent, flags?.isEfi, flags?.device], [true, true, 8]);
    assert.equal(pod.counts('dgx01').off, 0);
  });

  test('switches a machine on again that its installer switched off', async () => {
    const pod = await PowerPod.open({ nodes: 1 });
    const port = pod.service.effects.find(({ kind }) => kind === 'power-on');
    const [node] = pod.nodes;
    assert.ok(port && node);
    const done = port.perform(node);
    await pod.bmcs.clock.advanceSettling(20_000, 50);
    pod.chassis.get('dgx01')?.turnOff('soft');
    await pod.bmcs.clock.advanceSettling(10_000, 50);
    assert.equal((await done)?.done, true);
    assert.equal(pod.chassis.get('dgx01')?.isOn, true);
  });
});
