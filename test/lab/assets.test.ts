import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { Lab, type LabFirmware } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { must, run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const INSTALLER = '/usr/lib/debian-installer/images/12';
const PODBOOT = new URL('../../src/cli/podboot.ts', import.meta.url).pathname;
const skip = unmet({
  root: true,
  shared: ['lab/node'],
  tools: ['ip', 'qemu-system-x86_64', 'qemu-system-aarch64', 'ipmitool', 'dhcrelay'],
  files: [
    '/usr/share/OVMF/OVMF_CODE_4M.fd',
    '/usr/share/AAVMF/AAVMF_CODE.fd',
    ...['amd64', 'arm64'].map((architecture) => `${INSTALLER}/${architecture}/text/debian-installer`),
  ],
});

interface Kind {
  readonly architecture: 'amd64' | 'arm64';
  readonly number: number;
  readonly firmware: LabFirmware;
  readonly address: string;
  readonly console: string;
}

const KINDS: readonly Kind[] = [
  { architecture: 'amd64', number: 11, firmware: 'uefi', address: '10.77.0.61', console: 'ttyS0,115200' },
  { architecture: 'arm64', number: 12, firmware: 'arm64', address: '10.77.0.62', console: 'ttyAMA0' },
];
const kinds = KINDS.filter(({ firmware }) => isChosen('media', firmware));
/** Emulated firmware on two cores: four times what it takes on a quiet machine. */
const BOOT_LIMIT_MS = 240_000;

const CONFIGURATION = {
  interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true } },
  subnets: { '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'] } },
  profiles: Object.fromEntries(
    KINDS.map(({ architecture, console }) => [
      architecture,
      { kind: 'live', asset: `debian-12-${architecture}`, arguments: `console=${console} lab.test=${architecture}` },
    ]),
  ),
};

let lab: Lab;
let daemon: Daemon;

function podboot(...words: string[]) {
  return run([process.execPath, PODBOOT, 'assets', ...words, '--config', daemon.configurationFile], {
    timeoutMs: 120_000,
  });
}

before(async () => {
  if (skip !== false || kinds.length === 0) return;
  lab = Lab.up();
  daemon = new Daemon(lab.server, CONFIGURATION);
  for (const { architecture } of KINDS) {
    const { code, stdout, stderr } = podboot('import', `${INSTALLER}/${architecture}`);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`^debian-12-${architecture} is imported$`, 'm'));
  }
  await daemon.start();
});
after(async () => {
  await daemon?.remove();
  lab?.down();
});

for (const { architecture, number, firmware, address } of kinds) {
  test(`Debian's package for ${architecture}, imported: its kernel and installer run on a machine of that architecture`, {
    skip,
    timeout: 600_000,
  }, async (context) => {
    const machine = lab.machine(number, { firmware });
    try {
      const name = `lab-${architecture}`;
      await daemon.enrol({
        name,
        interfaces: [{ name: 'eno1', role: 'boot', mac: machine.mac, address }],
        boot: { profile: architecture },
      });
      const evidence = () => daemon.output.slice(-2_500);
      const begun = performance.now();
      machine.powerOn();
      await machine.says(/[Cc]ommand line: .*lab\.test=/, { timeoutMs: BOOT_LIMIT_MS, evidence });
      context.diagnostic(`${architecture}: kernel after ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
      // Its initrd is unpacked and runs: the installer's first screen, or busybox's init.
      await machine.says(/debian-installer|Debian installer|Select a language|BusyBox|steal-ctty/i, {
        timeoutMs: BOOT_LIMIT_MS,
        evidence,
      });
      const kernel = daemon.log.find(({ msg }) => msg?.includes(`debian-12-${architecture}/linux`));
      assert.notEqual(kernel, undefined, 'the log tells which file it got');
    } finally {
      machine.unplug();
    }
  });

  test(`the asset that the ${architecture} machine booted is whole, and is not removed under it`, { skip }, () => {
    const name = `debian-12-${architecture}`;
    const sums = JSON.parse(readFileSync(join(daemon.assets, name, 'asset.json'), 'utf8'));
    for (const file of sums.files) {
      const [sum] = must(['sha256sum', join(daemon.assets, name, file.name)]).split(' ');
      assert.equal(sum, file.sha256, file.name);
    }
    const { code, stderr } = podboot('remove', name);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`${name} is needed by profiles.${architecture}`));
  });
}
