import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCredentials } from '../../../src/bmc/ipmi/credentials.ts';
import { createIpmiDriver } from '../../../src/bmc/ipmi/ipmi-driver.ts';
import type { SimulatedBmcOptions } from '../../../src/rehearsal/bmc/simulated-bmc.ts';
import { BmcPod, PASSWORD } from './pod.ts';

const DEADLINE_MS = 20_000;

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

  test('gives its session back when it is closed', async () => {
    const { pod, bmc, driver } = bench();
    await pod.until(driver.power?.read(DEADLINE_MS) ?? assert.fail());
    assert.equal(bmc.sessions, 1);
    await driver.close();
    await pod.clock.advanceSettling(50, 5);
    assert.equal(bmc.sessions, 0);
  });
});
