import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HostRefused } from '../../domain/errors.ts';
import type { CheckList } from './check-list.ts';
import { readCheckList } from './read-check-list.ts';

export const PACKAGED_LISTS = fileURLToPath(new URL('../../../boot-assets/acceptance', import.meta.url));

/**
 * @param written absolute path of the operator's list, or the name of one of podboot's: `dgx-a100`
 * @throws InvalidInput with everything that is wrong with it, HostRefused where it can't be read
 */
export function loadCheckList(written: string): CheckList {
  const path = isAbsolute(written) ? written : join(PACKAGED_LISTS, `${written}.yaml`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new HostRefused(
      `The list of checks ${written} can’t be read: ${reason}`,
      `Write it to ${path}, or name another one.`,
    );
  }
  return readCheckList(path, text);
}
