import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** What every firmware's boot loader on the lab's disk prints on the serial console once it runs. */
export const DISK_MARKER = 'PODBOOT LAB DISK IS UP';

const SECTOR_BYTES = 512;
const PARTITION_SECTOR = 2048;
const DISK_BYTES = 64 << 20;
const ARM64_NETBOOT = '/usr/lib/debian-installer/images/12/arm64/text/debian-installer/arm64';

const GRUB_CONFIGURATION = `serial --unit=0 --speed=115200
terminal_output serial console
echo "${DISK_MARKER} on $grub_cpu"
sleep 3600
`;

/**
 * A disk that boots on BIOS, UEFI, UEFI with Secure Boot and arm64 UEFI, and says DISK_MARKER: it stands for an
 * installed system. BIOS gets GRUB from the gap behind the boot record, UEFI gets Debian's signed shim and GRUB (so that
 * Secure Boot accepts it) from a FAT partition under the fall-back name, arm64 the installer's signed GRUB.
 *
 * @param target path of the qcow2 image; made once, then kept
 */
export function makeDiskImage(target: string): void {
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  const work = mkdtempSync(join(dirname(target), 'disk-'));
  try {
    const raw = join(work, 'disk.raw');
    run('truncate', ['-s', String(DISK_BYTES), raw]);
    writeBootRecord(work, raw);
    writeEfiPartition(work, raw);
    run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, `${target}.new`]);
    renameSync(`${target}.new`, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** GRUB's boot record with a table of one partition, and GRUB's core in the gap behind it. */
function writeBootRecord(work: string, raw: string): void {
  const configuration = join(work, 'bios.cfg');
  const core = join(work, 'core.img');
  writeFileSync(configuration, GRUB_CONFIGURATION);
  const modules = ['biosdisk', 'part_msdos', 'serial', 'terminal', 'echo', 'sleep'];
  run('grub-mkimage', ['-O', 'i386-pc', '-p', '/grub', '-c', configuration, '-o', core, ...modules]);
  const record = Buffer.alloc(SECTOR_BYTES);
  readFileSync('/usr/lib/grub/i386-pc/boot.img').copy(record, 0, 0, 440);
  record.writeUInt32LE(0x50424f54, 440); // the disk's signature
  record.writeUInt8(0x80, 446); // active
  record.writeUInt8(0xef, 450); // EFI system partition
  record.writeUInt32LE(PARTITION_SECTOR, 454);
  record.writeUInt32LE(DISK_BYTES / SECTOR_BYTES - PARTITION_SECTOR, 458);
  record.writeUInt16BE(0x55aa, 510);
  const disk = openSync(raw, 'r+');
  writeSync(disk, record, 0, record.length, 0);
  const image = readFileSync(core);
  writeSync(disk, image, 0, image.length, SECTOR_BYTES);
  closeSync(disk);
}

function writeEfiPartition(work: string, raw: string): void {
  const sizeKib = (DISK_BYTES - PARTITION_SECTOR * SECTOR_BYTES) / 1024;
  run('mkfs.vfat', ['-F', '16', '-n', 'LABESP', '--offset', String(PARTITION_SECTOR), raw, String(sizeKib)]);
  const volume = `${raw}@@${PARTITION_SECTOR * SECTOR_BYTES}`;
  const configuration = join(work, 'grub.cfg');
  writeFileSync(configuration, GRUB_CONFIGURATION);
  const files: [string, string][] = [
    ['/usr/lib/shim/shimx64.efi.signed', 'EFI/BOOT/BOOTX64.EFI'],
    ['/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed', 'EFI/BOOT/grubx64.efi'],
    [configuration, 'EFI/debian/grub.cfg'],
  ];
  if (existsSync(ARM64_NETBOOT)) {
    files.push([join(ARM64_NETBOOT, 'grubaa64.efi'), 'EFI/BOOT/BOOTAA64.EFI']);
    files.push([configuration, 'debian-installer/arm64/grub/grub.cfg']);
  }
  const folders = new Set(files.flatMap(([, name]) => parents(name)));
  run('mmd', ['-i', volume, ...[...folders].map((folder) => `::${folder}`)]);
  for (const [source, name] of files) {
    const staged = join(work, 'staged');
    copyFileSync(source, staged);
    run('mcopy', ['-i', volume, staged, `::${name}`]);
  }
}

/** `a/b/c` has the parents `a` and `a/b`. */
function parents(name: string): string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function run(command: string, argv: readonly string[]): void {
  execFileSync(command, argv, { stdio: ['ignore', 'ignore', 'pipe'] });
}
