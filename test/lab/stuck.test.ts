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
  { firmware: 'uefi', number: 25 },
  { firmware: 'bios', number: 26 },
  { firmware: 'http', number: 27 },
  { firmware: 'secure', number: 28 },
];
const kinds = KINDS.filter(({ firmware }) => isChosen('stuck', firmware));

let site: InstallSite;

before(async () => {
  if (installSkip === false && kinds.length > 0)
    site = await InstallSite.up({ profiles: { os: installer('preseed') } });
});
after(() => site?.down());

for (const { firmware, number } of kinds) {
  test(`${firmware}: with a boot order that is stuck on the network it is installed once for each grant, twice in a row without a hand, and sent to its disk each time after`, {
    skip: installSkip,
    timeout: 1_500_000,
  }, async (context) => {
    const machine = site.lab.machine(number, { firmware, order: 'pxe,disk' });
    try {
      const name = await site.enrol(machine, firmware, { power: 'power-only' });
      for (const round of [1, 2]) {
        const begun = performance.now();
        await site.install(name, 'os');
        await site.isInstalled(name, machine);
        assert.deepEqual([beginnings(machine), installations(machine)], [round, round], 'a grant is one installation');
        assert.ok(site.alarms(name) >= round, 'its own reboot asked the network');
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
