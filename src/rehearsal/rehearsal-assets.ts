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

/** Bytes that look like a compressed file and are the same each time. */
export function assetBytes(name: string): Uint8Array {
  const outputLength = SIZES_BYTES[name];
  if (outputLength === undefined) throw new RangeError(`a rehearsal has no file ${name}`);
  return createHash('shake256', { outputLength }).update(`${LIVE_PROFILE} ${name}`).digest();
}

/** Writes all of them. Returns asset name to lower-case hex SHA-256. */
export function writeAssets(folder: string): ReadonlyMap<string, string> {
  const checksums = new Map<string, string>();
  for (const name of Object.keys(SIZES_BYTES)) {
    const bytes = assetBytes(name);
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    checksums.set(name, createHash('sha256').update(bytes).digest('hex'));
  }
  return checksums;
}
