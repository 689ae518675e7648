import { readFileSync } from 'node:fs';
import { HostRefused } from '../domain/errors.ts';

/** What stands for standard input where a command takes a file. */
export const STANDARD_INPUT = '-';

/** The bytes of a file that was named on the command line. @throws HostRefused */
export function readArgumentFile(file: string, mend = 'Look at its path and its owner.'): Buffer {
  try {
    return readFileSync(file === STANDARD_INPUT ? 0 : file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new HostRefused(`${file} can’t be read: ${code}`, mend, error);
  }
}
