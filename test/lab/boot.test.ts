import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { Lab, type LabFirmware } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { unmet } from '../harness/skip.ts';
import { DISK_MARKER, makeDiskImage } from './disk-image.ts';
import { Foretold } from './foretold.ts';

const INSTALLER = '/usr/lib/debian-installer/images/12';
const FILES = {
  'amd64/linux': `${INSTALLER}/amd64/text/debian-installer/amd64/linux`,
  'amd64/initrd.gz': `${INSTALLER}/amd64/text/debian-installer/amd64/initrd.gz`,
  'arm64/linux': `${INSTALLER}/arm64/text/debian-installer/arm64/linux`,
  'arm64/initrd.gz': `${INSTALLER}/arm64/text/debian-installer/arm64/initrd.gz`,
};
const skip = unmet({
  root: true,
  shared: ['lab/node'],
  tools: [
    'ip',
    'qemu-system-x86_64',
    'qemu-system-aarch64',
    'ipmitool',
    'dhcrelay',
    'tcpdump',
    'mcopy',
    'mkfs.vfat',
    'grub-mkimage',
  ],
  files: ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/AAVMF/AAVMF_CODE.fd', ...Object.values(FILES)],
});

interface Kind {
  readonly name: string;
  readonly number: number;
  readonly firmware: LabFirmware;
  readonly net?: 1 | 2;
  readonly loader?: 'grub';
  readonly profile: 'live-amd64' | 'live-arm64';
  readonly address: string;
}

const KINDS: readonly Kind[] = [
  { name: 'x86-64 UEFI', number: 1, firmware: 'uefi', profile: 'live-amd64', address: '10.77.0.51' },
  { name: 'x86 BIOS', number: 2, firmware: 'bios', profile: 'live-amd64', address: '10.77.0.52' },
  { name: 'x86-64 UEFI by HTTP boot', number: 3, firmware: 'http', profile: 'live-amd64', address: '10.77.0.53' },
  {
    name: 'x86-64 UEFI with Secure Boot',
    number: 4,
    firmware: 'secure',
    loader: 'grub',
    profile: 'live-amd64',
    address: '10.77.0.54',
  },
  { name: 'arm64 UEFI', number: 5, firmware: 'arm64', profile: 'live-arm64', address: '10.77.0.55' },
  {
    name: 'x86-64 UEFI behind a relay',
    number: 6,
    firmware: 'uefi',
    net: 2,
    profile: 'live-amd64',
    address: '10.78.0.56',
  },
];
const kinds = KINDS.filter(({ firmware, net }) => isChosen('boot', net === 2 ? 'relay' : firmware));
/** Emulated firmware on two cores: four times what it takes on a quiet machine. */
const BOOT_LIMIT_MS = 180_000;

const CONFIGURATION = {
  site: { domain: 'lab.example.com' },
  interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true } },
  subnets: {
    '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'], options: { routers: ['10.77.0.1'] } },
    '10.78.0.0/24': {
      interface: 'prov',
      pools: ['10.78.0.100-10.78.0.199'],
      relays: ['10.78.0.1'],
      options: { routers: ['10.78.0.1'] },
    },
  },
  profiles: {
    'live-amd64': {
      kind: 'live',
      kernel: 'amd64/linux',
      initrds: ['amd64/initrd.gz'],
      arguments: 'console=ttyS0,115200 lab.test=amd64',
    },
    'live-arm64': {
      kind: 'live',
      kernel: 'arm64/linux',
      initrds: ['arm64/initrd.gz'],
      arguments: 'console=ttyAMA0 lab.test=arm64',
    },
  },
};

let lab: Lab;
let daemon: Daemon;
const disk = join(tmpdir(), 'podboot-lab-disk.qcow2');

before(async () => {
  if (skip !== false || kinds.length === 0) return;
  makeDiskImage(disk);
  lab = Lab.up();
  daemon = new Daemon(lab.server, CONFIGURATION);
  for (const [name, path] of Object.entries(FILES)) {
    daemon.putAsset(name, '');
    copyFileSync(path, join(daemon.assets, name));
  }
  await daemon.start();
});
after(async () => {
  await daemon?.remove();
  lab?.down();
});

for (const { name, number, firmware, net, loader, profile, address } of kinds) {
  test(`${name}: enrolled by the API, powered on, boots the kernel of its profile as it was explained, then its own disk`, {
    skip,
    timeout: 600_000,
  }, async (context) => {
    let foretold: Foretold | undefined;
    const machine = lab.machine(number, { firmware, disk, ...(net === undefined ? {} : { net }) });
    try {
      const boot = { profile, ...(loader === undefined ? {} : { loader }) };
      const node = await daemon.enrol({
        name: `lab${number}`,
        uuid: machine.uuid,
        interfaces: [{ name: 'eno1', role: 'boot', mac: machine.mac, address }],
        boot,
      });
      const evidence = () => daemon.output.slice(-2500);

      foretold = await Foretold.listen(lab, daemon, machine, firmware);
      assert.match(foretold.summary, new RegExp(`^boots the kernel .* of ${profile}`));
      let begun = performance.now();
      machine.powerOn();
      await machine.says(/Linux version/, { timeoutMs: BOOT_LIMIT_MS, evidence });
      context.diagnostic(`${firmware}: kernel after ${seconds(begun)} s`);
      await machine.says(/[Cc]ommand line: .*lab\.test=/, { timeoutMs: 30_000, evidence });
      assert.doesNotMatch(machine.console, new RegExp(DISK_MARKER), 'it did not come from its disk');
      if (firmware !== 'http') {
        // Firmware that is refused by PXE tries HTTP boot a minute and a half later: a boot, but not the one meant here.
        const byHttp = daemon.log.filter(({ msg }) => msg?.includes(machine.mac) && msg.includes('HTTP boot firmware'));
        assert.deepEqual(byHttp, [], 'PXE was refused');
      }
      machine.powerOff();
      await foretold.check();

      const toDisk = { boot: { ...boot, profile: 'local' } };
      const changed = await daemon.call('PATCH', `/api/v1/nodes/${String(node.id)}`, toDisk, { 'if-match': '*' });
      assert.ok(changed.status < 300, `${changed.status} ${changed.body}`);
      const from = machine.console.length;
      begun = performance.now();
      machine.powerOn();
      await machine.says(new RegExp(DISK_MARKER), { from, timeoutMs: BOOT_LIMIT_MS, evidence });
      context.diagnostic(`${firmware}: disk after ${seconds(begun)} s`);
      assert.doesNotMatch(machine.console.slice(from), /Linux version/);
      assert.match(daemon.output, new RegExp(`lab${number}`), 'its boot is in the log under its name');
    } finally {
      foretold?.stop();
      machine.unplug();
    }
  });
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
