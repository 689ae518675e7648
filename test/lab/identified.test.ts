import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { Lab, type LabFirmware } from '../harness/lab.ts';
import { isChosen } from '../harness/lab-choice.ts';
import { must } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { DISK_MARKER, makeDiskImage } from './disk-image.ts';

const INSTALLER = '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64';
const KERNEL = `${INSTALLER}/linux`;
const INITRD = `${INSTALLER}/initrd.gz`;
const skip = unmet({
  root: true,
  shared: ['lab/node'],
  tools: ['ip', 'qemu-system-x86_64', 'ipmitool', 'dhcrelay', 'mcopy', 'mkfs.vfat', 'grub-mkimage'],
  files: ['/usr/share/OVMF/OVMF_CODE_4M.fd', KERNEL, INITRD],
});

interface Kind {
  readonly name: string;
  readonly number: number;
  readonly firmware: LabFirmware;
  readonly loader: 'auto' | 'grub';
}

const KINDS: readonly Kind[] = [
  { name: 'x86-64 UEFI, asked by iPXE', number: 21, firmware: 'uefi', loader: 'auto' },
  { name: 'x86 BIOS whose ROM is iPXE', number: 22, firmware: 'bios', loader: 'auto' },
  { name: 'Secure Boot, asked by the signed GRUB', number: 23, firmware: 'secure', loader: 'grub' },
];
const kinds = KINDS.filter(({ firmware }) => isChosen('identified', firmware));
const BOOT_LIMIT_MS = 180_000;

function configuration(loader: Kind['loader']) {
  return {
    interfaces: { prov: { address: '10.77.0.1', dhcp: 'authoritative', tftp: true, http: true } },
    subnets: { '10.77.0.0/24': { interface: 'prov', pools: ['10.77.0.100-10.77.0.199'] } },
    profiles: {
      live: {
        kind: 'live',
        kernel: 'amd64/linux',
        initrds: ['amd64/initrd.gz'],
        arguments: 'console=ttyS0,115200 lab.test=identified',
      },
    },
    boot: { loader },
  };
}

/** The serial number is in SMBIOS alone: no packet of DHCP has it. */
class QemuWithSerialNumbers {
  readonly #folder = mkdtempSync(join(tmpdir(), 'podboot-lab-qemu-'));
  readonly #path = process.env.PATH ?? '';

  /** Machines that are plugged in from now on say this. */
  use(serialNumber: string): void {
    const qemu = must(['sh', '-c', 'command -v qemu-system-x86_64']).trim();
    const real = qemu.startsWith(this.#folder) ? '/usr/bin/qemu-system-x86_64' : qemu;
    const wrapper = join(this.#folder, 'qemu-system-x86_64');
    const smbios = `type=1,manufacturer=Lab,product=Node,serial=${serialNumber}`;
    writeFileSync(wrapper, `#!/bin/sh\nexec ${real} "$@" -smbios '${smbios}'\n`);
    chmodSync(wrapper, 0o755);
    process.env.PATH = `${this.#folder}:${this.#path}`;
  }

  remove(): void {
    process.env.PATH = this.#path;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

let lab: Lab;
let qemu: QemuWithSerialNumbers;
const disk = join(tmpdir(), 'podboot-lab-identified.qcow2');

before(() => {
  if (skip !== false || kinds.length === 0) return;
  makeDiskImage(disk);
  lab = Lab.up();
  qemu = new QemuWithSerialNumbers();
});
after(() => {
  qemu?.remove();
  lab?.down();
});

async function daemonWith(loader: Kind['loader']): Promise<Daemon> {
  const daemon = new Daemon(lab.server, configuration(loader));
  for (const [name, path] of Object.entries({ 'amd64/linux': KERNEL, 'amd64/initrd.gz': INITRD })) {
    daemon.putAsset(name, '');
    copyFileSync(path, join(daemon.assets, name));
  }
  await daemon.start();
  return daemon;
}

for (const { name, number, firmware, loader } of kinds) {
  test(`${name}: a machine that is enrolled by its serial number alone is that node at its first boot`, {
    skip,
    timeout: 600_000,
  }, async (context) => {
    const serialNumber = `LAB/${number} x`;
    qemu.use(serialNumber);
    const daemon = await daemonWith(loader);
    const machine = lab.machine(number, { firmware, disk });
    try {
      await daemon.enrol({
        name: `lab${number}`,
        serialNumber,
        interfaces: [{ name: 'eno1', address: '10.77.0.61' }],
        boot: { profile: 'live' },
      });
      const evidence = () => daemon.output.slice(-3000);
      const begun = performance.now();
      machine.powerOn();
      await machine.says(/Linux version/, { timeoutMs: BOOT_LIMIT_MS, evidence });
      context.diagnostic(`${firmware}: kernel after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      await machine.says(/[Cc]ommand line: .*lab\.test=identified/, { timeoutMs: 30_000, evidence });
      const node = JSON.parse((await daemon.call('GET', `/api/v1/nodes/lab${number}`)).body);
      assert.equal(node.interfaces[0].mac, machine.mac);
      assert.match(daemon.output, new RegExp(`lab${number} is the machine with MAC address ${machine.mac}`));
    } finally {
      machine.unplug();
      await daemon.remove();
    }
  });
}

test('a machine that no node waits for goes on to its disk, and is listed with what it said', {
  skip: skip !== false ? skip : kinds.some(({ firmware }) => firmware === 'bios') ? false : 'the machine is a BIOS one',
  timeout: 600_000,
}, async () => {
  qemu.use('NOBODY-1');
  const daemon = await daemonWith('auto');
  const machine = lab.machine(24, { firmware: 'bios', disk });
  try {
    await daemon.enrol({ name: 'other', serialNumber: 'SOMEBODY-1', interfaces: [{ name: 'eno1' }] });
    machine.powerOn();
    await machine.says(new RegExp(DISK_MARKER), {
      timeoutMs: BOOT_LIMIT_MS,
      evidence: () => daemon.output.slice(-3000),
    });
    const { items } = JSON.parse((await daemon.call('GET', '/api/v1/discovered')).body);
    const { mac, serialNumber, manufacturer, product } = items[0];
    assert.deepEqual([mac, serialNumber, manufacturer, product], [machine.mac, 'NOBODY-1', 'Lab', 'Node']);
  } finally {
    machine.unplug();
    await daemon.remove();
  }
});
