import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Conflict, HostRefused } from '../domain/errors.ts';
import type { ProcessLock } from '../store/process-lock.ts';
import { checkStore, hasStore, lockStore, rewriteDocuments, STORE_FILE } from '../store/store-file.ts';
import { atRest, RESTING_KINDS, type RestingKind } from './at-rest.ts';
import { CONFIG_NAME, type Manifest, STORE_NAME } from './manifest.ts';
import { giveToOwnerOf, putAtHome, syncFolder } from './place-file.ts';
import { readArchive } from './read-archive.ts';

export interface RestoreOptions {
  readonly archive: string;
  /** The backup's own unless told. */
  readonly dataDir?: string;
  /** Where podboot.yaml goes; the backup's own place unless told. */
  readonly configPath?: string;
  /** A store that is there is set aside, files that differ are replaced. */
  readonly replace: boolean;
  /** Looks at everything and changes nothing. */
  readonly dryRun: boolean;
}

export interface RestoreReport {
  readonly manifest: Manifest;
  readonly dataDir: string;
  /** Paths of what was put in place. */
  readonly restored: readonly string[];
  /** Files that are there and differ: they stay as they are. */
  readonly kept: readonly string[];
  /** Where the store that was there is now. */
  readonly setAside?: string;
  /** What was under way in the backup and is not any more, by kind: boot grants, jobs, deployment plans. */
  readonly ended: Readonly<Partial<Record<RestingKind, number>>>;
}

interface Workplace {
  readonly dataDir: string;
  readonly staging: string;
  readonly lock?: ProcessLock;
}

/**
 * Puts a backup into a data folder. Everything is unpacked beside its place and looked at from end to end before anything is
 * touched; the store comes last, by one rename. Daemons are kept away meanwhile.
 *
 * @throws InvalidInput for a damaged archive or a newer one, Conflict for a folder that is in use, HostRefused
 */
export async function restore(options: RestoreOptions): Promise<RestoreReport> {
  let workplace: Workplace | undefined;
  try {
    const manifest = await readArchive(resolve(options.archive), async (list) => {
      workplace = prepare(list, options);
      return workplace.staging;
    });
    if (workplace === undefined) throw new Error('an archive without a list was taken');
    const store = join(workplace.staging, STORE_NAME);
    checkStore(store);
    const ended = putToRest(store, manifest);
    const { dataDir } = workplace;
    if (options.dryRun) return { manifest, dataDir, restored: [], kept: [], ended };
    return { ...place(manifest, workplace, options), ended };
  } catch (error) {
    throw told(error, workplace?.dataDir);
  } finally {
    workplace?.lock?.release();
    if (workplace !== undefined) rmSync(workplace.staging, { recursive: true, force: true });
  }
}

/** Nothing that the backup had under way goes on by itself: above all no grant that may have been used since. */
function putToRest(store: string, { createdAt }: Manifest): RestoreReport['ended'] {
  const now = Date.now();
  const why = `podboot restore, from the backup of ${createdAt}`;
  return rewriteDocuments(store, RESTING_KINDS, (kind, document) => {
    const next = atRest(kind as RestingKind, JSON.parse(document), now, why);
    return next === undefined ? undefined : JSON.stringify(next);
  });
}

/** @throws Conflict, HostRefused before anything is unpacked */
function prepare(manifest: Manifest, { dataDir: wanted, replace, dryRun }: RestoreOptions): Workplace {
  const dataDir = resolve(wanted ?? manifest.dataDir);
  if (!dryRun) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = existsSync(dataDir) ? lockStore(dataDir) : undefined;
  try {
    if (hasStore(dataDir) && !replace) {
      throw new Conflict(
        `there is a store in ${dataDir} already`,
        [],
        'Say --replace, and it is set aside; or name another folder: --data-dir.',
      );
    }
    const staging = mkdtempSync(join(dryRun ? tmpdir() : dataDir, '.podboot-restore-'));
    return { dataDir, staging, ...(lock === undefined ? {} : { lock }) };
  } catch (error) {
    lock?.release();
    throw error;
  }
}

function place(
  manifest: Manifest,
  { dataDir, staging }: Workplace,
  options: RestoreOptions,
): Omit<RestoreReport, 'ended'> {
  const restored: string[] = [];
  const kept: string[] = [];
  const intoFolder = (name: string) => {
    const to = join(dataDir, name);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    renameSync(join(staging, name), to);
    giveToOwnerOf(dataDir, to);
    restored.push(to);
  };
  for (const { name, home } of manifest.files) {
    if (name === STORE_NAME) continue;
    if (home === undefined) {
      intoFolder(name);
      continue;
    }
    const from = join(staging, name);
    const to = name === CONFIG_NAME ? resolve(options.configPath ?? home) : home;
    const isSecret = name.startsWith('secrets/');
    const put = putAtHome(from, to, { mode: isSecret ? 0o600 : 0o644, owner: dataDir, replace: options.replace });
    if (put === 'put') restored.push(to);
    else if (put === 'differs') kept.push(to);
  }
  // Last: whatever fails before it leaves the store that was there as it is.
  const setAside = hasStore(dataDir) ? putAside(dataDir) : undefined;
  intoFolder(STORE_NAME);
  giveToOwnerOf(dataDir, join(dataDir, 'podboot.lock'));
  syncFolder(dataDir);
  return { manifest, dataDir, restored, kept, ...(setAside === undefined ? {} : { setAside }) };
}

/** With its log: what was committed last may be there alone. */
function putAside(dataDir: string): string {
  const folder = mkdtempSync(join(dataDir, `before-restore-${new Date().toISOString().replaceAll(/[:.]/g, '-')}-`));
  for (const suffix of ['', '-wal', '-shm']) {
    const file = join(dataDir, `${STORE_FILE}${suffix}`);
    if (existsSync(file)) renameSync(file, join(folder, `${STORE_FILE}${suffix}`));
  }
  giveToOwnerOf(dataDir, folder);
  return folder;
}

function told(error: unknown, dataDir = 'the data folder'): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HostRefused(
        `the disk of ${dataDir} is full; the store that was there is as it was`,
        `Free space: df -h ${dataDir}`,
        error,
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new HostRefused(
        `${dataDir} can't be written: ${code}`,
        'Restore as root, or as the owner of the folder.',
        error,
      );
    default:
      return error;
  }
}
