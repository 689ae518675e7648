import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Obstacle } from '../../domain/hand-off.ts';

const VAULT_HEADER = '$ANSIBLE_VAULT;';
const OTHERS = 0o077;

export interface SecretFile {
  /** Where it is named: `vaultPasswordFile`. */
  readonly option: string;
  readonly path: string;
  /** What is locked by ansible-vault may be read by anybody. */
  readonly mayBeLocked: boolean;
}

/** Files whose content is a secret: there, readable, and nobody else's to read. */
export function secretFileObstacles(cluster: string, files: readonly SecretFile[]): Obstacle[] {
  return files.flatMap(({ option, path, mayBeLocked }): Obstacle[] => {
    const where = `clusters.${cluster}.${option}: ${path}`;
    if (!isAbsolute(path)) {
      return [{ code: 'file-missing', message: `${where} is no absolute path`, mend: 'Write it from / on.' }];
    }
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) {
      return [{ code: 'file-missing', message: `${where} is not there`, mend: 'Look at the path, and at its owner.' }];
    }
    if ((found.mode & OTHERS) === 0 || (mayBeLocked && isLocked(path))) return [];
    const mode = (found.mode & 0o777).toString(8).padStart(4, '0');
    const mend = `chmod 600 ${path}${mayBeLocked ? ', or encrypt it: ansible-vault encrypt' : ''}`;
    return [{ code: 'file-mode', message: `${where} has mode ${mode}: others can read it`, mend }];
  });
}

/** Whether a file, or a part of it, needs a vault's password. */
export function isLocked(path: string): boolean {
  const buffer = Buffer.alloc(VAULT_HEADER.length);
  try {
    const file = openSync(path, 'r');
    try {
      return readSync(file, buffer) === buffer.length && buffer.toString('latin1') === VAULT_HEADER;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
