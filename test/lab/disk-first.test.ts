import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LabFirmware } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import {
  beginnings,
  INSTALL_LIMIT_MS,
  InstallSite,
  installations,
  installer,
  installSkip,
  seconds,
} from './install-site.ts';

interface Kind {
  readonly firmware: LabFirmware & ('uefi' | 'bios' | 'http' | 'secure');
  readonly number: number;
}

const KINDS: readonly Kind[] = [
  { firmware: 'uefi', number: 25 },
  { firmware: 'bios', number: 26 },
  { firmware: 'http', number: 27 },
  { firmware: 'secure', number: 28 },
];
const kinds = KINDS.filter(({ firmware }) => isChosen('disk-first', firmware));

let site: InstallSite;

before(async () => {
  if (installSkip === false && kinds.length > 0)
    site = await InstallSite.up({ profiles: { os: installer('preseed') } });
});
after(() => site?.down());

for (const { firmware, number } of kinds) {
  test(`${firmware}: a machine whose disk comes first is told once to boot from the network, installed, and goes to its disk without a word; told once more it gets its disk and an alarm`, {
    skip: installSkip,
    timeout: 900_000,
  }, async (context) => {
    const machine = site.lab.machine(number, { firmware, order: 'disk,pxe' });
    try {
      const name = await site.enrol(machine, firmware);
      const begun = performance.now();
      await site.arm(name, 'os');
      machine.powerOn();
      await site.isInstalled(name, machine);
      context.diagnostic(`${firmware}: installed after ${seconds(begun)}`);
      assert.deepEqual([beginnings(machine), installations(machine), site.alarms(name)], [1, 1, 0]);
      machine.powerOff();
      const from = machine.console.length;
      machine.powerOn();
      const evidence = () => site.daemon.output.slice(-2_500);
      await machine.says(/is up from disk/, { from, timeoutMs: INSTALL_LIMIT_MS, evidence });
      assert.deepEqual([beginnings(machine), installations(machine)], [1, 1], 'no second installation');
      assert.ok(site.alarms(name) > 0, 'an alarm');
    } finally {
      machine.unplug();
    }
  });
}
