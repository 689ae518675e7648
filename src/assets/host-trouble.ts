import { HostRefused, PodbootError } from '../domain/errors.ts';

/** What the disk said, in words and with what to do; other errors as they are. */
export function hostTrouble(error: unknown, folder: string): unknown {
  if (error instanceof PodbootError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const mend = MENDS[code];
  if (mend === undefined) return error;
  return new HostRefused(`${folder} ${mend.what} (${code})`, mend.mend(folder), error);
}

interface Mend {
  readonly what: string;
  readonly mend: (folder: string) => string;
}

const NO_SPACE: Mend = {
  what: 'is full',
  mend: (folder) => `Free space there (df -h ${folder}), remove an asset that nothing uses, or move assetsDir.`,
};
const NOT_ALLOWED: Mend = {
  what: 'may not be written by this user',
  mend: (folder) => `Run the import as root or as the owner of ${folder}.`,
};
const READ_ONLY: Mend = { what: 'is read-only', mend: (folder) => `Mount the file system of ${folder} for writing.` };
const DISK: Mend = { what: 'can’t be read or written', mend: () => 'Look at the disk: dmesg says more.' };

const MENDS: Readonly<Record<string, Mend>> = {
  ENOSPC: NO_SPACE,
  EDQUOT: NO_SPACE,
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: READ_ONLY,
  EIO: DISK,
};
