import { chmodSync, closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { LOCKED_STORE } from './store-errors.ts';

/** Thrown where another process (or this one) holds the store: `message` is its process id, empty where unknown. */
export class StoreLocked extends Error {
  readonly code = LOCKED_STORE;
}

export interface ProcessLock {
  release(): void;
}

/**
 * Holds the data directory for as long as this process lives. Node has no flock(2); a transaction of SQLite's that stays
 * open is a lock of the kernel's (fcntl) by another name: it ends with its process, also by SIGKILL, so no stale lock
 * and no guessing whether a process id was reused. The process id stands in `podboot.pid`, for the message alone.
 *
 * @param waitMs how long another holder may take to let go: `podboot token new` holds it for moments
 * @throws StoreLocked
 */
export function lockProcess(dataDir: string, waitMs: number): ProcessLock {
  const lockFile = join(dataDir, 'podboot.lock');
  const pidFile = join(dataDir, 'podboot.pid');
  createPrivateFile(lockFile);
  const database = new Database(lockFile, { timeout: waitMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new StoreLocked(readPid(pidFile));
    }
    throw error;
  }
  quietly(() => {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
    chmodSync(pidFile, 0o600);
  });
  return {
    release: () => {
      quietly(() => rmSync(pidFile, { force: true }));
      database.close();
    },
  };
}

/** A disk that is full, or turned read-only as a failing one does, must not take more than the process id's message. */
function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // The lock is held, or let go, all the same.
  }
}

/**
 * Makes an empty file of mode 0600 where there is none, before SQLite makes one as the umask says.
 * A file that is there is never opened: closing it again would drop the locks that this process holds on it through
 * another descriptor (POSIX; https://www.sqlite.org/howtocorrupt.html, section 2.2).
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    chmodSync(path, 0o600);
  }
}

function readPid(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim();
  } catch {
    return '';
  }
}
