import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { HostRefused } from '../domain/errors.ts';
import { LATEST_VERSION } from './migrations.ts';
import { lockProcess, type ProcessLock } from './process-lock.ts';
import { explainFault, NEWER_STORE, toFault } from './store-errors.ts';

export const STORE_FILE = 'podboot.sqlite3';

/**
 * A copy of the store as it stands at one moment, while a daemon writes to it or not. In one go: SQLite would begin anew
 * each time that another process writes between two of its steps. Writers go on meanwhile (WAL).
 *
 * @returns the version of its shape
 * @throws HostRefused
 */
export async function copyStore(dataDir: string, target: string): Promise<number> {
  try {
    const database = new Database(join(dataDir, STORE_FILE), { fileMustExist: true, timeout: 5_000 });
    try {
      await database.backup(target, { progress: () => 0x7fffffff });
    } finally {
      database.close();
    }
    return checkStore(target);
  } catch (error) {
    throw refusal(error, dataDir);
  }
}

/** The whole file is sound, and this program knows its shape. @returns its version @throws HostRefused */
export function checkStore(file: string): number {
  try {
    const database = new Database(file, { fileMustExist: true });
    try {
      // One file, without a log beside it.
      database.pragma('journal_mode = DELETE');
      const version = database.pragma('user_version', { simple: true }) as number;
      if (version > LATEST_VERSION) {
        throw Object.assign(new Error(`its version is ${version}, this one knows ${LATEST_VERSION}`), {
          code: NEWER_STORE,
        });
      }
      if (database.pragma('quick_check(1)', { simple: true }) !== 'ok') {
        throw new Database.SqliteError('The check of its structure failed.', 'SQLITE_CORRUPT');
      }
      return version;
    } finally {
      database.close();
    }
  } catch (error) {
    throw refusal(error, file);
  }
}

/** Keeps daemons away while a store is put into its place. @throws HostRefused where one runs on it */
export function lockStore(dataDir: string): ProcessLock {
  try {
    return lockProcess(dataDir, 0);
  } catch (error) {
    throw refusal(error, dataDir);
  }
}

export function hasStore(dataDir: string): boolean {
  return existsSync(join(dataDir, STORE_FILE));
}

function refusal(error: unknown, where: string): HostRefused {
  return explainFault(toFault(error), where);
}
