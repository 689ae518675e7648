import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isChosen } from '../harness/lab-choice.ts';
import { beginnings, InstallSite, installations, installer, installSkip, seconds } from './install-site.ts';

const isWanted = isChosen('switched-off', 'uefi');

let site: InstallSite;

before(async () => {
  if (installSkip !== false || !isWanted) return;
  // As DGX OS 5's installer: the word on the kernel command line is what tells podboot of it.
  site = await InstallSite.up({ profiles: { os: installer('preseed', { arguments: 'offwhendone lab.halt' }) } });
});
after(() => site?.down());

test('an installer that switches the machine off when it is done: podboot switches it on again, and it is installed', {
  skip: isWanted ? installSkip : 'PODBOOT_LAB=switched-off, or npm run test:lab',
  timeout: 600_000,
}, async (context) => {
  const machine = site.lab.machine(37, { firmware: 'uefi', order: 'disk,pxe' });
  try {
    const name = await site.enrol(machine, 'uefi');
    const begun = performance.now();
    await site.install(name, 'os');
    await site.isInstalled(name, machine);
    context.diagnostic(`installed after ${seconds(begun)}`);
    assert.deepEqual([beginnings(machine), installations(machine), site.alarms(name)], [1, 1, 0]);
    assert.match(machine.console, /reboot: Power down[\s\S]*is up from disk/);
    const story = (await site.daemon.call('GET', `/api/v1/nodes/${name}/timeline?limit=1000`)).body;
    assert.match(story, new RegExp(`${name} is on again`));
  } finally {
    machine.unplug();
  }
});
