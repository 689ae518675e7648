import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { InvalidInput } from '../../src/domain/errors.ts';
import { chooseDisk, type DiskFacts, diskBytes } from '../../src/profiles/values/disk-choice.ts';
import type { DiskChoice } from '../../src/profiles/values/install-values.ts';
import { unmet } from '../harness/skip.ts';
import { CONTEXT, fileNamed, node, rendererOf } from './fixture.ts';

interface FakeDisk extends DiskFacts {
  readonly name: string;
  readonly removable?: boolean;
}

const GB = 1e9;
const NVME: FakeDisk = {
  name: 'nvme0n1',
  paths: ['/dev/nvme0n1'],
  sizeBytes: 1920 * GB,
  serial: 'S4YPNE0N800123',
  model: 'SAMSUNG MZQL21T9HCJR-00A07',
  bus: 'nvme',
};
const NVME2: FakeDisk = { ...NVME, name: 'nvme1n1', paths: ['/dev/nvme1n1'], serial: 'S4YPNE0N800124' };
const SMALL: FakeDisk = {
  name: 'nvme2n1',
  paths: ['/dev/nvme2n1'],
  sizeBytes: 960 * GB,
  serial: 'small [1]',
  model: 'Micron_7450 *X',
  bus: 'nvme',
};
const SATA: FakeDisk = {
  name: 'sda',
  paths: ['/dev/sda'],
  sizeBytes: 480 * GB,
  serial: 'WD1',
  model: 'WDC 480',
  bus: 'sata',
};
const MACHINE = [NVME, NVME2, SMALL, SATA];

/** What fits of MACHINE: one name, or why not. */
const CASES: readonly (readonly [what: string, choice: DiskChoice, expected: string | RegExp])[] = [
  ['a serial number', { serial: 'S4YPNE0N800124' }, 'nvme1n1'],
  ['a serial number with a space and brackets', { serial: 'small [1]' }, 'nvme2n1'],
  ['a serial number that is a part of one', { serial: 'S4YPNE0N80012' }, /no disk fits/],
  ['a serial number that would be a pattern', { serial: 'S4YPNE0N80012*' }, /no disk fits/],
  ['a model with a star', { model: 'Micron*' }, 'nvme2n1'],
  ['a model that two have', { model: 'SAMSUNG*' }, /2 disks fit/],
  ['a model in full', { model: 'WDC 480' }, 'sda'],
  ['a bus', { bus: 'sata' }, 'sda'],
  ['a bus that three have', { bus: 'nvme' }, /3 disks fit/],
  ['a bus that none has', { bus: 'sas' }, /no disk fits/],
  ['a bus and a size', { bus: 'nvme', maxSize: '1TB' }, 'nvme2n1'],
  ['a size from below', { minSize: '1.9TB' }, /2 disks fit/],
  ['two sizes', { minSize: '900GB', maxSize: '1TB' }, 'nvme2n1'],
  ['a path', { path: '/dev/nvme0n1' }, 'nvme0n1'],
  ['a path and the serial number of another', { path: '/dev/nvme0n1', serial: 'WD1' }, /no disk fits/],
  ['nothing', {}, /4 disks fit/],
  ['what shells would run', { model: '$(touch /tmp/podboot-pwned)`id`; *' }, /no disk fits/],
];

/** A machine's /sys and /dev, as far as the script looks. */
function fakeMachine(folder: string, disks: readonly FakeDisk[]): void {
  for (const { name, sizeBytes, serial, model, bus, removable } of disks) {
    const where = {
      sata: 'pci0/ata1/host0',
      usb: 'pci0/usb1/host9',
      sas: 'pci0/host1/end_device-1',
      nvme: 'pci0/nvme',
      virtio: 'pci0/virtio1',
    };
    const real = join(folder, 'devices', where[bus as keyof typeof where] ?? 'pci0', name);
    const put = (file: string, text: string | undefined) => {
      mkdirSync(dirname(join(real, file)), { recursive: true });
      if (text !== undefined) writeFileSync(join(real, file), `${text}   \n`);
    };
    put('size', String(sizeBytes / 512));
    put('ro', '0');
    put('removable', removable === true ? '1' : '0');
    put('device/serial', serial);
    put('device/model', model);
    mkdirSync(join(folder, 'sys/block'), { recursive: true });
    mkdirSync(join(folder, 'dev'), { recursive: true });
    symlinkSync(real, join(folder, 'sys/block', name));
    writeFileSync(join(folder, 'dev', name), '');
  }
}

function runChoice(shell: readonly string[], disk: DiskChoice, disks: readonly FakeDisk[]) {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-disks-'));
  try {
    fakeMachine(folder, disks);
    const dev = join(folder, 'dev');
    const site = { disk, mirror: 'http://deb.debian.org/debian' };
    const script = fileNamed(rendererOf({ site }).render(node(), 'preseed', CONTEXT), 'disk.sh');
    const functions = script
      .slice(script.indexOf('want_serial='), script.indexOf('if disk='))
      .replace(/^want_path='\/dev\//m, `want_path='${dev}/`);
    const [command = '', ...argv] = shell;
    const { stdout, stderr, status } = spawnSync(command, [...argv, '-c', `${functions}\nchoose_disk`], {
      encoding: 'utf8',
      // bash takes a socket as standard input for rshd, and reads ~/.bashrc.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', PODBOOT_SYS: join(folder, 'sys'), PODBOOT_DEV: dev },
    });
    return { chosen: stdout.trim().replace(`${dev}/`, ''), stderr, status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const shell of [['dash'], ['busybox', 'sh'], ['bash', '--norc', '--posix']]) {
  const skip = unmet({ tools: [shell[0] ?? ''] });
  for (const [what, choice, expected] of CASES) {
    test(`the installer's script chooses by ${what}, in ${shell[0]}`, { skip }, () => {
      const { chosen, stderr, status } = runChoice(shell, choice, MACHINE);
      if (typeof expected === 'string') assert.deepEqual([chosen, status], [expected, 0], stderr);
      else {
        assert.equal(chosen, '', 'nothing is chosen');
        assert.match(stderr, expected);
        assert.notEqual(status, 0);
      }
    });
  }

  test(`the only disk needs no choice, and virtual media are none, in ${shell[0]}`, { skip }, () => {
    const floppy: FakeDisk = { ...SATA, name: 'sdb', paths: ['/dev/sdb'], removable: true, bus: 'usb' };
    const others = ['loop0', 'sr0', 'md0', 'dm-0', 'zram0'].map((name) => ({ ...SATA, name, paths: [] }));
    assert.equal(runChoice(shell, {}, [SATA, floppy, ...others]).chosen, 'sda');
    assert.equal(runChoice(shell, { bus: 'usb' }, [SATA, floppy]).chosen, 'sdb', 'unless it is meant');
    assert.match(runChoice(shell, {}, []).stderr, /no disk fits.*none/);
  });
}

test('an inventory is chosen from by the same rule as the installer does', () => {
  for (const [what, choice, expected] of CASES) {
    const chosen = chooseDisk(choice, MACHINE);
    if (typeof expected === 'string') assert.ok('disk' in chosen && chosen.disk.paths[0] === `/dev/${expected}`, what);
    else assert.match('refusal' in chosen ? chosen.refusal : '', expected, what);
  }
});

test('a node whose known disks leave the choice open is refused before it is armed, and all that fit are named', () => {
  const renderer = rendererOf({ site: { disk: { bus: 'nvme' } }, disks: () => MACHINE });
  assert.throws(
    () => renderer.render(node(), 'kickstart', CONTEXT),
    (error) => error instanceof InvalidInput && /3 disks fit bus nvme: .*nvme0n1.*nvme1n1.*nvme2n1/.test(error.message),
  );
});

test('sizes are read as disks are sold', () => {
  assert.equal(diskBytes('960GB'), 960_000_000_000);
  assert.equal(diskBytes('1.92TB'), 1_920_000_000_000);
  assert.equal(diskBytes('2 TiB'), 2 * 2 ** 40);
  assert.equal(diskBytes('512'), 512);
});
