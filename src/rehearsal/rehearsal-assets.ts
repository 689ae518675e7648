import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LIVE_PROFILE } from './rehearsal-plan.ts';

export const KERNEL_ASSET = 'rehearsal/vmlinuz';
export const INITRD_ASSET = 'rehearsal/initrd.img';

const MIB = 1024 * 1024;

/** Names as podboot hands them out, sizes as Debian's programs have them; nothing in them can be run. */
const SIZES_BYTES: Readonly<Record<string, number>> = {
  'snponly.efi': 240_000,
  'undionly.kpxe': 70_000,
  'shimx64.efi': 935_000,
  'grubx64.efi': 2 * MIB,
  'bootnetaa64.efi': 880_000,
  'grubaa64.efi': 2 * MIB,
  [KERNEL_ASSET]: MIB,
  [INITRD_ASSET]: 3 * MIB,
};

/** From here on files are smaller: one machine plays both sides, and how fast it copies bytes says nothing about a pod. */
const MACHINES_WITH_FULL_SIZES = 100;
const SMALLEST_BYTES = 50_000;

function sizeBytes(name: string, machines: number): number {
  const full = SIZES_BYTES[name];
  if (full === undefined) throw new RangeError(`a rehearsal has no file ${name}`);
  const scaled = Math.round((full * MACHINES_WITH_FULL_SIZES) / Math.max(machines, MACHINES_WITH_FULL_SIZES));
  return Math.min(full, Math.max(SMALLEST_BYTES, scaled));
}

/** Bytes that look like a compressed file and are the same each time. */
function assetBytes(name: string, machines: number): Uint8Array {
  return createHash('shake256', { outputLength: sizeBytes(name, machines) })
    .update(`${LIVE_PROFILE} ${name}`)
    .digest();
}

/**
 * Writes all of them.
 * @param machines how many there will be
 * @returns asset name to lower-case hex SHA-256
 */
export function writeAssets(folder: string, machines: number): ReadonlyMap<string, string> {
  const checksums = new Map<string, string>();
  for (const name of Object.keys(SIZES_BYTES)) {
    const bytes = assetBytes(name, machines);
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    checksums.set(name, createHash('sha256').update(bytes).digest('hex'));
  }
  return checksums;
}
