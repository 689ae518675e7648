import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { NotFound } from '../domain/errors.ts';

const MAX_DEPTH = 4;
const MAX_FILES = 200;
const MAX_FILE_BYTES = 1024 * 1024;

export interface FoundFile {
  /** Relative to the folder that was named. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface FoundFiles {
  readonly machines: readonly FoundFile[];
  /** dhcp-host lines: dnsmasq.conf, dnsmasq.d/*.conf, hosts files. */
  readonly hosts: readonly FoundFile[];
  readonly environments: readonly FoundFile[];
}

/** The files by which DGXie was set up, below a folder. Links are not followed. @throws NotFound */
export function findDgxieFiles(folder: string): FoundFiles {
  const names: string[] = [];
  walk(folder, folder, 0, names);
  const read = (pattern: RegExp): FoundFile[] =>
    names.filter((name) => pattern.test(name)).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
  return {
    machines: read(/(^|\/)machines[^/]*\.json$/),
    hosts: read(/(^|\/)(dnsmasq[^/]*|[^/]*hosts[^/]*|dnsmasq\.d\/[^/]*\.conf|[^/]*\.hosts)$/),
    environments: read(/(^|\/)(\.env|[^/]*\.env|docker-compose[^/]*\.ya?ml|dgxie[^/]*\.sh|configuration)$/),
  };
}

function walk(root: string, folder: string, depth: number, names: string[]): void {
  for (const entry of entriesOf(folder, root)) {
    if (names.length >= MAX_FILES) return;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth < MAX_DEPTH && entry.name !== '.git') walk(root, path, depth + 1, names);
    } else if (entry.isFile() && statSync(path).size <= MAX_FILE_BYTES) names.push(relative(root, path));
  }
}

function entriesOf(folder: string, root: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (folder !== root) return [];
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new NotFound(
      `${folder} can't be read: ${code}`,
      "Name the folder with DGXie's machines.json and its settings.",
    );
  }
}
