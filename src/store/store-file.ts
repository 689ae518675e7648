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

/**
 * Looks at each document of some kinds in a store that nobody has open, and writes those that `change` gives another text
 * for, all or none.
 *
 * @param change gets the document's JSON; undefined: it stays
 * @returns how many were changed, by kind
 * @throws HostRefused
 */
export function rewriteDocuments(
  file: string,
  kinds: readonly string[],
  change: (kind: string, document: string) => string | undefined,
): Record<string, number> {
  try {
    const database = new Database(file, { fileMustExist: true });
    try {
      // Stores of the first version have no documents.
      if ((database.pragma('user_version', { simple: true }) as number) < 2) return {};
      return database.transaction(() => rewrite(database, kinds, change))();
    } finally {
      database.close();
    }
  } catch (error) {
    throw refusal(error, file);
  }
}

function rewrite(
  database: Database.Database,
  kinds: readonly string[],
  change: (kind: string, document: string) => string | undefined,
): Record<string, number> {
  const all = database.prepare<[string], { id: string; document: string }>(
    'SELECT id, document FROM document WHERE kind = ?',
  );
  const put = database.prepare('UPDATE document SET document = ? WHERE kind = ? AND id = ?');
  const changed: Record<string, number> = {};
  for (const kind of kinds) {
    for (const { id, document } of all.all(kind)) {
      const next = change(kind, document);
      if (next === undefined) continue;
      put.run(next, kind, id);
      changed[kind] = (changed[kind] ?? 0) + 1;
    }
  }
  return changed;
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
