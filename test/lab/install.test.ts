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
  { firmware: 'uefi', number: 21 },
  { firmware: 'bios', number: 22 },
  { firmware: 'http', number: 23 },
  { firmware: 'secure', number: 24 },
];
const kinds = KINDS.filter(({ firmware }) => isChosen('install', firmware));

let site: InstallSite;

before(async () => {
  if (installSkip === false && kinds.length > 0)
    site = await InstallSite.up({ profiles: { os: installer('preseed') } });
});
after(() => site?.down());

for (const { firmware, number } of kinds) {
  test(`${firmware}: armed, installed, seen from its disk, twice in a row, its boot order stuck on the network; one more boot is its disk and an alarm`, {
    skip: installSkip,
    timeout: 1_500_000,
  }, async (context) => {
    const machine = site.lab.machine(number, { firmware });
    try {
      const name = await site.enrol(machine, firmware);
      for (const round of [1, 2]) {
        const begun = performance.now();
        await site.arm(name, 'os');
        machine.powerOn();
        await site.isInstalled(name, machine);
        assert.deepEqual([beginnings(machine), installations(machine)], [round, round], 'a grant is one installation');
        context.diagnostic(`${firmware}: installed after ${seconds(begun)}`);
        machine.powerOff();
      }
      const alarms = site.alarms(name);
      const from = machine.console.length;
      machine.powerOn();
      const evidence = () => site.daemon.output.slice(-2_500);
      await machine.says(/is up from disk/, { from, timeoutMs: INSTALL_LIMIT_MS, evidence });
      assert.deepEqual([beginnings(machine), installations(machine)], [2, 2], 'no second installation');
      assert.ok(site.alarms(name) > alarms, 'an alarm');
    } finally {
      machine.unplug();
    }
  });
}
