import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunId } from '../../domain/hand-off.ts';

export const SECRETS_FILE = 'shown-once.json';

export interface OneSecret {
  readonly name: string;
  readonly value: string;
}

/** What runs told in secret, each in its run's folder, until somebody has seen it. */
export class ShownOnce {
  readonly #runsDir: string;

  /** @param runsDir absolute path of the folder that every run has one below */
  constructor(runsDir: string) {
    this.#runsDir = runsDir;
  }

  names(run: RunId): readonly string[] {
    return this.#read(run).map(({ name }) => name);
  }

  /** Nowhere any more when it returns. */
  take(run: RunId): readonly OneSecret[] {
    const secrets = this.#read(run);
    if (secrets.length === 0) return [];
    const file = this.#file(run);
    // Journals and copy-on-write make this no shredder; it keeps them out of the next backup.
    writeFileSync(file, '', { mode: 0o600 });
    rmSync(file, { force: true });
    return secrets;
  }

  #read(run: RunId): readonly OneSecret[] {
    const file = this.#file(run);
    try {
      const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (typeof value !== 'object' || value === null) return [];
      return Object.entries(value).flatMap(([name, text]) => (typeof text === 'string' ? [{ name, value: text }] : []));
    } catch {
      return [];
    }
  }

  #file(run: RunId): string {
    if (!/^[A-Za-z0-9._-]{1,100}$/.test(run) || run.startsWith('.')) throw new RangeError(`${run} is no id of a run`);
    return join(this.#runsDir, run, SECRETS_FILE);
  }
}
