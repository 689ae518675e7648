import { createHash } from 'node:crypto';
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
