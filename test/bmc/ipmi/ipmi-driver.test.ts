import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCredentials } from '../../../src/bmc/ipmi/credentials.ts';
import { createIpmiDriver } from '../../../src/bmc/ipmi/ipmi-driver.ts';
import { NetFn } from '../../../src/codecs/ipmi/message.ts';
import type { SimulatedBmcOptions } from '../../../src/rehearsal/bmc/simulated-bmc.ts';
import { BmcPod, PASSWORD } from './pod.ts';

const DEADLINE_MS = 20_000;
const NOTHING = { code: 0, data: new Uint8Array() };

function bench(options: Partial<SimulatedBmcOptions> = {}) {
  const pod = new BmcPod();
  const { bmc, chassis } = pod.bmc('bmc1', options);
  const driver = createIpmiDriver({
    host: 'bmc1',
    credentials: readCredentials({ userName: 'admin', password: PASSWORD }),
    clock: pod.clock,
    network: pod.line,
  });
  return { pod, bmc, chassis, driver };
}

describe('a BMC by IPMI', () => {
  test('tells what it is, how warm and how hungry, and why it was started last', async () => {
    const { pod, driver } = bench();
    const inventory = await pod.until(driver.inventory?.read(DEADLINE_MS) ?? assert.fail());
    const { makerId, inletCelsius, powerWatts, lastRestart, bmcFirmware } = inventory;
    assert.deepEqual(
      { makerId, inletCelsius, powerWatts, lastRestart, bmcFirmware },
      { makerId: 7244, inletCelsius: 26, powerWatts: 640, lastRestart: 'by-command', bmcFirmware: '3.21' },
    );
  });

  for (const [maker, manufacturerId, selector] of [
    ['whose quirks nobody knows', 5703, 0x08],
    ['Supermicro', 10876, 0x24],
  ] as const)
    test(`is told to boot from its disk by the selector of its maker, ${maker}`, async () => {
      const { pod, driver, chassis } = bench({ manufacturerId });
      const disk = { device: 'disk', persistent: true, uefi: true } as const;
      await pod.until(driver.bootDevice?.set(disk, DEADLINE_MS) ?? assert.fail());
      assert.deepEqual(await pod.until(driver.bootDevice?.read(DEADLINE_MS) ?? assert.fail()), disk);
      assert.equal(chassis.flags?.device, selector);
    });

  test('is left with no boot option half set where it refuses the flags', async () => {
    const progress: number[] = [];
    const { pod, driver } = bench({
      answer: ({ netFn, command, data }) => {
        if (netFn !== NetFn.CHASSIS || command !== 0x08) return undefined;
        if (data[0] === 0) progress.push(data[1] ?? -1);
        return data[0] === 5 ? { code: 0xcc, data: new Uint8Array() } : undefined;
      },
    });
    const disk = { device: 'disk', persistent: true, uefi: true } as const;
    await assert.rejects(pod.until(driver.bootDevice?.set(disk, DEADLINE_MS) ?? assert.fail()), { failure: 'refused' });
    assert.deepEqual(progress, [1, 0]);
  });

  test('takes a boot option from whoever began to set it and did not come to an end', async () => {
    let isSetting = true;
    const { pod, driver, chassis } = bench({
      answer: ({ netFn, command, data }) => {
        if (netFn !== NetFn.CHASSIS || command !== 0x08 || data[0] !== 0) return undefined;
        if (data[1] === 1 && isSetting) return { code: 0x81, data: new Uint8Array() };
        isSetting = data[1] === 1;
        return undefined;
      },
    });
    await pod.until(
      driver.bootDevice?.set({ device: 'network', persistent: false, uefi: true }, DEADLINE_MS) ?? assert.fail(),
    );
    assert.equal(chassis.flags?.device, 0x04);
    assert.equal(isSetting, false);
  });

  test('is sent whatever a person types, once, and a code that is not 0 is an answer', async () => {
    const { pod, driver } = bench();
    const send = (netFn: number, command: number, ...data: number[]) =>
      pod.until(driver.raw?.send({ netFn, command, data }, DEADLINE_MS) ?? assert.fail());
    assert.equal(Buffer.from((await send(6, 0x01)).data).toString('hex', 0, 2), '2001');
    assert.deepEqual(await send(0x2e, 0x77), {
      completionCode: 0xc1,
      text: '(c1) the BMC does not know this command',
      data: new Uint8Array(),
    });
    await assert.rejects(send(7, 1), RangeError);
  });

  test('gives its session back when it is closed', async () => {
    const { pod, bmc, driver } = bench();
    await pod.until(driver.power?.read(DEADLINE_MS) ?? assert.fail());
    assert.equal(bmc.sessions, 1);
    await driver.close();
    await pod.clock.advanceSettling(50, 5);
    assert.equal(bmc.sessions, 0);
  });

  test('that answers with nothing for a moment is asked again', async () => {
    let asked = 0;
    const { pod, driver } = bench({
      answer: ({ netFn, command }) => {
        if (netFn !== NetFn.CHASSIS || command !== 0x01) return undefined;
        asked += 1;
        return asked === 1 ? NOTHING : undefined;
      },
    });
    assert.equal(await pod.until(driver.power?.read(DEADLINE_MS) ?? assert.fail()), 'off');
    assert.equal(asked, 2);
  });

  test('that goes on answering with nothing is told of as that, and by no other error', async () => {
    const { pod, driver } = bench({ answer: ({ netFn }) => (netFn === NetFn.CHASSIS ? NOTHING : undefined) });
    await assert.rejects(pod.until(driver.power?.read(DEADLINE_MS) ?? assert.fail()), {
      name: 'BmcError',
      failure: 'refused',
      message: /Get Chassis Status: the answer is not as the specification has it/,
    });
  });

  for (const [what, answer] of [
    ['answers with nothing', NOTHING],
    ['keeps from its user', { code: 0xd4, data: new Uint8Array() }],
    ['knows in another length', { code: 0xc7, data: new Uint8Array() }],
    ['has switched off', { code: 0xd6, data: new Uint8Array() }],
  ] as const)
    test(`tells the rest of what it is where it ${what} some of it`, async () => {
      const { pod, driver } = bench({
        answer: ({ netFn }) => (netFn === NetFn.GROUP || netFn === NetFn.TRANSPORT ? answer : undefined),
      });
      const inventory = await pod.until(driver.inventory?.read(DEADLINE_MS) ?? assert.fail());
      assert.equal(inventory.lastRestart, 'by-command');
      assert.equal(inventory.inletCelsius, undefined);
      assert.equal(inventory.bmcMac, undefined);
    });
});
