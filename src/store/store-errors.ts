import { HostRefused } from '../domain/errors.ts';

/** An error as it comes out of the worker thread. `code` is SQLite's (`SQLITE_FULL`), Node's (`EACCES`) or one of ours. */
export interface StoreFault {
  readonly code: string;
  readonly message: string;
}

/** Where the store is newer than this program. */
export const NEWER_STORE = 'PODBOOT_NEWER_STORE';
/** Where another process holds the store; `message` is its process id, or empty. */
export const LOCKED_STORE = 'PODBOOT_LOCKED_STORE';
/** Where the store is to be migrated while another process holds it; `message` is its process id, or empty. */
export const OLDER_STORE = 'PODBOOT_OLDER_STORE';

interface Refusal {
  readonly codes: RegExp;
  readonly message: string;
  readonly mend: (dataDir: string) => string;
}

/** The first that matches. SQLite's extended codes start with the plain one. */
const REFUSALS: readonly Refusal[] = [
  {
    // SHMSIZE: the shared memory of the write-ahead log is a file too.
    codes: /^(SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)$/,
    message: 'its disk is full',
    mend: (dataDir) => `Free space on the file system of ${dataDir} (df -h ${dataDir}); podboot goes on by itself.`,
  },
  {
    codes: /^(SQLITE_READONLY|EROFS)/,
    message: 'it is read-only',
    mend: (dataDir) =>
      `Look whether the file system of ${dataDir} is mounted read-only (a failing disk does that) and who owns its files.`,
  },
  {
    codes: /^(EACCES|EPERM|SQLITE_PERM|SQLITE_AUTH)/,
    message: 'this user may not open it',
    mend: (dataDir) => `Run podboot as the owner of ${dataDir}, or give the folder to podboot's user (chown -R).`,
  },
  {
    codes: /^(ENOTDIR|EEXIST)$/,
    message: 'a part of its path is a file, not a folder',
    mend: () => 'Set dataDir to a folder.',
  },
  {
    codes: /^(SQLITE_CANTOPEN|ENOENT|ELOOP|ENAMETOOLONG)/,
    message: 'it cannot be opened',
    mend: (dataDir) => `Look at the folder ${dataDir} and its permissions.`,
  },
  {
    codes: /^(SQLITE_CORRUPT|SQLITE_NOTADB|SQLITE_FORMAT)/,
    message: 'its file is damaged',
    mend: (dataDir) =>
      `Stop podboot, keep a copy of ${dataDir}, and put a backup of podboot.sqlite3 back, or save what is left with: ` +
      `sqlite3 ${dataDir}/podboot.sqlite3 .recover | sqlite3 ${dataDir}/recovered.sqlite3`,
  },
  {
    codes: /^(SQLITE_BUSY|SQLITE_LOCKED)/,
    message: 'another program holds its file',
    mend: (dataDir) => `Find it with: fuser -v ${dataDir}/podboot.sqlite3`,
  },
  {
    codes: /^(SQLITE_IOERR|EIO)/,
    message: 'its disk does not read or write',
    mend: (dataDir) => `Look for errors of the disk under ${dataDir} (dmesg, smartctl).`,
  },
];

/** The fault in words that say what to do next. A code that nobody foresaw comes through with SQLite's own words. */
export function explainFault(fault: StoreFault, dataDir: string): HostRefused {
  const store = `The store in ${dataDir}`;
  const holder = fault.message === '' ? 'another podboot' : `another podboot (process ${fault.message})`;
  switch (fault.code) {
    case NEWER_STORE:
      return new HostRefused(
        `${store} was written by a newer podboot (${fault.message}).`,
        'Run that version or a later one; or put back the backup that was made before the upgrade.',
      );
    case LOCKED_STORE:
      return new HostRefused(
        `${store} is in use by ${holder}.`,
        'Two daemons on one store would give one address to two machines. Stop the other one, or set another dataDir.',
      );
    case OLDER_STORE:
      return new HostRefused(
        `${store} is of an older version and in use by ${holder}.`,
        'Restart the daemon with this version of podboot first: it brings the store up to date.',
      );
  }
  const refusal = REFUSALS.find((candidate) => candidate.codes.test(fault.code));
  return refusal === undefined
    ? new HostRefused(
        `${store} failed: ${fault.message} (${fault.code}).`,
        'Look at the disk, then restart podboot.',
        fault,
      )
    : new HostRefused(`${store} failed: ${refusal.message} (${fault.code}).`, refusal.mend(dataDir), fault);
}

/** Any error as something that can be sent between threads. */
export function toFault(error: unknown): StoreFault {
  if (!(error instanceof Error)) return { code: 'UNKNOWN', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
  return { code, message: error.message };
}
