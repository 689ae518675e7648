import { readFileSync } from 'node:fs';
import { type ConfigPath, valueAt } from './config-path.ts';
import { readSource } from './source.ts';

/**
 * Where things stand in podboot.yaml as it is on disk now.
 *
 * @returns by path: 1-based line, undefined for what is not written there. All undefined where the file can't be read.
 */
export function locateInFile(file: string): (path: ConfigPath) => number | undefined {
  const source = readSource(contentOf(file));
  return (path) => (valueAt(source.value, path) === undefined ? undefined : source.lineOf(path, true));
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
