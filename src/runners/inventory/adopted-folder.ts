import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HostRefused, InvalidInput } from '../../domain/errors.ts';
import type { RunFile } from '../../domain/hand-off.ts';
import { readInventory } from './adopt.ts';
import { type AdoptedInventory, MAX_FILE_BYTES } from './adopted-inventory.ts';

/** Of an inventory file and what lies beside it. */
const VARS_FOLDERS = ['group_vars', 'host_vars'];
const MAX_FILES = 2_000;
const MAX_ALL_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 4;

export interface AdoptedFolder {
  readonly adopted: AdoptedInventory;
  /** The file and its variables, byte for byte, by their paths in the run's inventory folder. */
  readonly files: readonly RunFile[];
}

/**
 * An operator's inventory file with the `group_vars` and `host_vars` next to it. They stay where they are; a run gets copies,
 * so that it is not changed in its middle. Values from a vault stay locked.
 *
 * @throws HostRefused where it can't be read, InvalidInput with its problems where Ansible would not take it
 */
export function readAdoptedFolder(path: string): AdoptedFolder {
  const bytes = read(path);
  const adopted = readInventory(bytes);
  if (adopted.problems.length > 0) throw new InvalidInput(`Ansible would not take ${path}.`, adopted.problems);
  // Ansible reads a file without an ending as INI, and one that ends in .yaml as YAML.
  const name = adopted.format === 'yaml' ? 'adopted.yaml' : 'adopted';
  const files: RunFile[] = [{ path: name, content: bytes.toString('utf8') }];
  const room = { bytes: MAX_ALL_BYTES };
  for (const folder of VARS_FOLDERS) collect(join(dirname(path), folder), folder, files, room, 0);
  return { adopted, files };
}

function collect(from: string, to: string, files: RunFile[], room: { bytes: number }, depth: number): void {
  const found = statSync(from, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isDirectory()) {
    if (depth > MAX_DEPTH) throw tooMuch(from);
    // Ansible leaves these out, too.
    const names = readdirSync(from).filter((name) => !/^\.|~$|\.(?:orig|bak|retry|pyc|swp)$/.test(name));
    for (const name of names.sort()) collect(join(from, name), `${to}/${name}`, files, room, depth + 1);
    return;
  }
  if (!found.isFile()) return;
  room.bytes -= found.size;
  if (files.length >= MAX_FILES || room.bytes < 0) throw tooMuch(from);
  files.push({ path: to, content: read(from).toString('utf8') });
}

function read(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw tooMuch(path);
    return readFileSync(path);
  } catch (error) {
    if (error instanceof HostRefused) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new HostRefused(`the inventory ${path} can’t be read: ${code}`, 'Look at its path and its owner.', error);
  }
}

function tooMuch(path: string): HostRefused {
  const mend = `Keep at most ${MAX_FILES} files of ${MAX_ALL_BYTES / 1024 / 1024} MiB in all beside an inventory.`;
  return new HostRefused(`there is too much in ${path}`, mend);
}
