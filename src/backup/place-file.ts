import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Placement {
  readonly mode: number;
  /** Whose owner gets it: a daemon must be able to read what root restores. */
  readonly owner: string;
  readonly replace: boolean;
}

/**
 * A file to its own place, which may be on another file system: whole or not at all.
 *
 * @returns `same` where it is there already, `differs` where another one is there and stays
 */
export function putAtHome(from: string, to: string, { mode, owner, replace }: Placement): 'put' | 'same' | 'differs' {
  if (existsSync(to)) {
    if (readFileSync(to).equals(readFileSync(from))) return 'same';
    if (!replace) return 'differs';
  }
  mkdirSync(dirname(to), { recursive: true, mode: 0o755 });
  const partial = join(dirname(to), `.${basename(to)}.${process.pid}.partial`);
  try {
    copyFileSync(from, partial);
    chmodSync(partial, mode);
    giveToOwnerOf(owner, partial);
    syncFile(partial);
    renameSync(partial, to);
    syncFolder(dirname(to));
  } finally {
    rmSync(partial, { force: true });
  }
  return 'put';
}

/** root restores what belongs to podboot's user. */
export function giveToOwnerOf(model: string, path: string): void {
  if (process.geteuid?.() !== 0 || !existsSync(path)) return;
  const { uid, gid } = statSync(model);
  chownSync(path, uid, gid);
}

export function syncFolder(folder: string): void {
  syncFile(folder);
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
