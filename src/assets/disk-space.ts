import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HostRefused } from '../domain/errors.ts';

/** Folders, file tails, the manifest, and what the daemon writes meanwhile. */
const SPARE_BYTES = 64 * 1024 * 1024;
const SPARE_SHARE = 0.01;
const BLOCK_BYTES = 4_096;

/**
 * Refuses before the first byte is written: a full disk also stops the leases, where it is the same one.
 * @param files how many: each takes up to a block more than it has bytes
 * @throws HostRefused
 */
export async function checkSpace(assetsDir: string, sizeBytes: number, files: number): Promise<void> {
  const needed = Math.ceil(sizeBytes * (1 + SPARE_SHARE)) + files * BLOCK_BYTES + SPARE_BYTES;
  const free = await freeBytes(assetsDir);
  if (free === undefined || free >= needed) return;
  throw new HostRefused(
    `${assetsDir} has ${megabytes(free)} free, and the import needs ${megabytes(needed)}`,
    `Free space there (df -h ${assetsDir}), remove an asset that nothing uses, or move assetsDir.`,
  );
}

/** What this user may fill. Undefined where nobody can tell. */
async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isAbsent && dirname(path) !== path ? await freeBytes(dirname(path)) : undefined;
  }
}

export function megabytes(bytes: number): string {
  return bytes < 10_000_000_000 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
