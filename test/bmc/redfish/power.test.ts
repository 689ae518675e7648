import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BmcError } from '../../../src/bmc/driver.ts';
import { AMI_DGX, GBX00, PLAIN } from '../../../src/rehearsal/bmc/redfish-layouts.ts';
import { RedfishPod } from './pod.ts';

const DEADLINE_MS = 60_000;
const WITHOUT_CYCLE = ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'];

for (const [name, layout] of [
  ['a DGX by AMI', AMI_DGX],
  ['a GBx00', GBX00],
  ['a plain server', PLAIN],
] as const) {
  describe(`power of ${name}`, () => {
    test('goes on, round, down and off, at the host and not at the baseboard', async () => {
      await using pod = await RedfishPod.start({ layout });
      const { power } = pod.driver();
      assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'off');
      await pod.until(power!.act('on', DEADLINE_MS));
      assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'on');
      await pod.until(power!.act('cycle', DEADLINE_MS));
      await pod.pass(2_000);
      await pod.until(power!.act('reset', DEADLINE_MS));
      await pod.until(power!.act('soft', DEADLINE_MS));
      await pod.until(power!.act('on', DEADLINE_MS));
      await pod.until(power!.act('off', DEADLINE_MS));
      assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'off');
      assert.deepEqual(pod.chassis.counts, { on: 2, off: 1, cycle: 1, reset: 1, soft: 1 });
    });
  });
}

describe('power', () => {
  test('that is as it was asked for already is no error, and nothing is done', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver();
    await pod.until(power!.act('off', DEADLINE_MS));
    await pod.until(power!.act('on', DEADLINE_MS));
    await pod.until(power!.act('on', DEADLINE_MS));
    assert.deepEqual([pod.chassis.counts.on, pod.chassis.counts.off], [1, 0]);
  });

  test('is cycled by off and on where the BMC has no cycle', async () => {
    await using pod = await RedfishPod.start({
      quirks: { resetTypes: WITHOUT_CYCLE, hasActionInfo: true },
      chassisQuirks: { powerDelayMs: 9_000 },
    });
    const { power } = pod.driver();
    await pod.until(power!.act('on', DEADLINE_MS));
    await pod.pass(10_000);
    await pod.until(power!.act('cycle', DEADLINE_MS));
    await pod.pass(10_000);
    assert.deepEqual([pod.chassis.counts.off, pod.chassis.counts.on, pod.boots.length], [1, 2, 2]);
  });

  test('is not cycled where it is off: that would only turn it on', async () => {
    await using pod = await RedfishPod.start({ quirks: { resetTypes: WITHOUT_CYCLE } });
    const { power } = pod.driver();
    await assert.rejects(pod.until(power!.act('cycle', DEADLINE_MS)), { failure: 'refused', message: /is off/ });
    assert.deepEqual([pod.chassis.counts.on, pod.chassis.counts.off], [0, 0]);
  });

  test('that was turned off for a cycle, and does not go off in time, is told as that', async () => {
    await using pod = await RedfishPod.start({
      quirks: { resetTypes: WITHOUT_CYCLE },
      chassisQuirks: { powerDelayMs: 90_000 },
    });
    pod.chassis.turnOn();
    await pod.pass(91_000);
    const { power } = pod.driver();
    await assert.rejects(pod.until(power!.act('cycle', 30_000)), (error) => {
      assert(error instanceof BmcError);
      assert.deepEqual([error.failure, error.mayHaveActed], ['no-answer', true]);
      assert.match(error.message, /was turned off for a cycle, and may be off still/);
      return true;
    });
  });

  test('is turned on a little later by a BMC that can’t just after it was turned off', async () => {
    await using pod = await RedfishPod.start({ quirks: { conflictAfterOffMs: 12_000 } });
    const { power } = pod.driver();
    pod.chassis.turnOn();
    await pod.until(power!.act('off', DEADLINE_MS));
    await pod.until(power!.act('on', DEADLINE_MS));
    assert.equal(pod.chassis.isOn, true);
    assert.equal(pod.chassis.counts.on, 2);
  });

  test('that is not offered is refused in words, and never replaced by what is harder', async () => {
    await using pod = await RedfishPod.start({ quirks: { resetTypes: ['On', 'ForceOff'] } });
    const { power } = pod.driver();
    pod.chassis.turnOn();
    await assert.rejects(pod.until(power!.act('soft', DEADLINE_MS)), {
      failure: 'refused',
      message: 'the BMC has no soft for this machine; it has On, ForceOff',
    });
    assert.equal(pod.chassis.isOn, true);
  });

  test('of a reset that is answered after 200 s is waited for, and sent once', async () => {
    await using pod = await RedfishPod.start({ quirks: { resetAnswerMs: 200_000 } });
    const { power } = pod.driver();
    pod.chassis.turnOn();
    await pod.until(power!.act('reset', 300_000));
    assert.equal(pod.chassis.counts.reset, 1);
  });

  test('of a reset that is answered too late: it may have acted, and is not sent again', async () => {
    await using pod = await RedfishPod.start({ quirks: { resetAnswerMs: 200_000 } });
    const { power } = pod.driver();
    pod.chassis.turnOn();
    await assert.rejects(pod.until(power!.act('reset', 100_000)), (error) => {
      assert(error instanceof BmcError);
      assert.deepEqual([error.failure, error.mayHaveActed], ['no-answer', true]);
      return true;
    });
    assert.equal(pod.chassis.counts.reset, 1);
    await pod.pass(200_000);
  });

  test('is changed on a connection of its own: a kept one may be dead', async () => {
    await using pod = await RedfishPod.start();
    const { power } = pod.driver();
    await pod.until(power!.read(DEADLINE_MS));
    await pod.until(power!.read(DEADLINE_MS));
    assert.equal(pod.server.connections, 1);
    await pod.until(power!.act('on', DEADLINE_MS));
    assert.equal(pod.server.connections, 2);
  });

  test('on its way is not there yet, and is waited for a little', async () => {
    await using pod = await RedfishPod.start({ chassisQuirks: { powerDelayMs: 5_000 } });
    const { power } = pod.driver();
    await pod.until(power!.act('on', DEADLINE_MS));
    assert.equal(await pod.until(power!.read(1_000)), 'off');
    assert.equal(await pod.until(power!.read(DEADLINE_MS)), 'on');
  });
});
