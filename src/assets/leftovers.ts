import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Folders that an import or a removal works in. Their names say whose they are, so that what a killed one left behind is
 * known from what one does right now: `.podboot-import-<boot>-<pid namespace>-<pid>-<start>-<random>`.
 */
const NAME = /^\.podboot-(import|replaced|removed)-([0-9a-f]{8})-(\d+)-(\d+)-(\d+)-[0-9a-f]{8}(?:-(.+))?$/;

/** Of another boot or another container nobody here can tell whether its process lives: silence tells. */
const SILENT_MS = 10 * 60_000;

export type WorkKind = 'import' | 'replaced' | 'removed';

/** @param asset for `replaced`: where it goes back to if its successor never came */
export function workFolderName(kind: WorkKind, asset?: string): string {
  const { boot, namespace, pid, start } = thisProcess();
  const random = randomBytes(4).toString('hex');
  return `.podboot-${kind}-${boot}-${namespace}-${pid}-${start}-${random}${asset === undefined ? '' : `-${asset}`}`;
}

interface Owner {
  readonly boot: string;
  readonly namespace: string;
  readonly pid: string;
  readonly start: string;
}

function thisProcess(): Owner {
  return { boot: bootId(), namespace: pidNamespace(), pid: String(process.pid), start: startOf(process.pid) ?? '0' };
}

function bootId(): string {
  return read('/proc/sys/kernel/random/boot_id').replaceAll('-', '').slice(0, 8).padStart(8, '0');
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** Clock ticks from the boot to the start of a process (proc_pid_stat(5), field 22): a number that is used again differs. */
function startOf(pid: number | string): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // The command's name may hold spaces and brackets; after its last bracket come the fields from the third on.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * Removes what killed imports left, and puts back an asset whose replacement was killed between its two steps.
 * @returns names of assets that were put back
 */
export async function clearLeftovers(assetsDir: string, nowMs = Date.now()): Promise<string[]> {
  const restored: string[] = [];
  for (const name of foldersOf(assetsDir)) {
    const match = NAME.exec(name);
    if (match === null || isAtWork(match, join(assetsDir, name), nowMs)) continue;
    const [, kind, , , , , asset] = match;
    if (kind === 'replaced' && asset !== undefined && (await putBack(assetsDir, name, asset))) restored.push(asset);
    // Whoever may not remove it leaves it to the next who may.
    else await rm(join(assetsDir, name), { recursive: true, force: true }).catch(() => undefined);
  }
  return restored;
}

function foldersOf(assetsDir: string): string[] {
  try {
    return readdirSync(assetsDir);
  } catch {
    return [];
  }
}

async function putBack(assetsDir: string, name: string, asset: string): Promise<boolean> {
  try {
    // Over a folder with files the kernel refuses it: then its successor is there.
    await rename(join(assetsDir, name), join(assetsDir, asset));
    return true;
  } catch {
    return false;
  }
}

function isAtWork(match: RegExpExecArray, path: string, nowMs: number): boolean {
  const [, , boot, namespace, pid = '', start] = match;
  const here = thisProcess();
  if (boot === here.boot && namespace === here.namespace) return startOf(pid) === start;
  return nowMs - newestMs(path) < SILENT_MS;
}

function newestMs(path: string): number {
  let newest = 0;
  for (const each of [path, ...foldersOf(path).map((name) => join(path, name))]) {
    try {
      newest = Math.max(newest, statSync(each).mtimeMs);
    } catch {
      // It went away meanwhile.
    }
  }
  return newest;
}
