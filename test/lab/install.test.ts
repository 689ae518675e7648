import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LabFirmware } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { beginnings, InstallSite, installations, installer, installSkip, seconds } from './install-site.ts';

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
  test(`${firmware}: armed, powered, installed, seen from its disk, twice in a row without a hand; one more network boot is its disk and an alarm`, {
    skip: installSkip,
    timeout: 1_500_000,
  }, async (context) => {
    // Its disk first, as machines are delivered: what boots it from the network is its BMC, told so by podboot.
    const machine = site.lab.machine(number, { firmware, order: 'disk,pxe' });
    try {
      const name = await site.enrol(machine, firmware);
      for (const round of [1, 2]) {
        const begun = performance.now();
        await site.install(name, 'os');
        await site.isInstalled(name, machine);
        assert.deepEqual([beginnings(machine), installations(machine)], [round, round], 'a grant is one installation');
        assert.equal(site.alarms(name), 0);
        context.diagnostic(`${firmware}: installed after ${seconds(begun)}`);
      }
      machine.powerOff();
      await site.goesToItsDisk(name, machine);
      assert.deepEqual([beginnings(machine), installations(machine)], [2, 2], 'no second installation');
    } finally {
      machine.unplug();
    }
  });
}
