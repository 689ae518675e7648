import { createHash } from 'node:crypto';
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { HostRefused } from '../../domain/errors.ts';
import type { RunFile } from '../../domain/hand-off.ts';

/** SHA-256 of all files of an inventory in hex: of their names and bytes, in whatever order they are given. */
export function inventoryHash(files: readonly RunFile[]): string {
  const hash = createHash('sha256');
  for (const { path, content } of [...files].sort((one, other) => (one.path < other.path ? -1 : 1))) {
    const bytes = Buffer.from(content);
    hash.update(`${Buffer.byteLength(path)} ${path} ${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/**
 * Whole or not at all, 0600 from its first byte: for files that are no run's, as the one that people look at.
 * @throws HostRefused
 */
export function writeInventoryFile(path: string, content: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    rmSync(temporary, { force: true });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      fchmodSync(file, 0o600);
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new HostRefused(
      `the inventory ${path} can’t be written: ${code}`,
      'Look at its folder and at free space.',
      error,
    );
  }
}
