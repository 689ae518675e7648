import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../domain/errors.ts';
import type { SecretReference } from './install-values.ts';

/** What stands for a secret where people look: no hash, no token, nothing that could be used. */
export const MASK = '********';

const MAX_SECRET_BYTES = 64 * 1024;

/** crypt(5): SHA-512 and yescrypt, whole. Weaker ones and plain text are refused. */
const PASSWORD_HASH =
  /^\$(6\$(rounds=[0-9]{4,9}\$)?[./0-9A-Za-z]{1,16}\$[./0-9A-Za-z]{86}|y\$[./0-9A-Za-z]+\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{43})$/;

export interface SecretReader {
  /** The secret without the line break at its end, or the problem with it, which repeats nothing of it. */
  read(reference: SecretReference, path: string): string | Problem;
}

/** @param credentialsDir of systemd ($CREDENTIALS_DIRECTORY), undefined where the service has none */
export function createSecretReader(credentialsDir: string | undefined): SecretReader {
  return {
    read(reference, path) {
      if (reference.file !== undefined) return readSecret(reference.file, path);
      const { credential = '' } = reference;
      if (credentialsDir === undefined) {
        return {
          path,
          message: `podboot was started without systemd's credentials, so there is no ${credential}`,
          mend: `Start it by podboot.service with a file /etc/podboot/credentials/${credential}, or name a file.`,
        };
      }
      return readSecret(credentialFile(credentialsDir, credential), path);
    },
  };
}

/** A folder that is loaded as a whole (`LoadCredential=podboot:/etc/podboot/credentials`) puts its name before each of its files. */
function credentialFile(credentialsDir: string, name: string): string {
  const [own, ofFolder] = [join(credentialsDir, name), join(credentialsDir, `podboot_${name}`)];
  return !existsSync(own) && existsSync(ofFolder) ? ofFolder : own;
}

function readSecret(file: string, path: string): string | Problem {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    return { path, message: `${file} can't be read: ${code}`, mend: `Let podboot's user read it: \`ls -l ${file}\`.` };
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > MAX_SECRET_BYTES) {
      return {
        path,
        message: `${file} is no file of a secret`,
        mend: `Name a file of at most ${MAX_SECRET_BYTES} bytes.`,
      };
    }
    const secret = readFileSync(descriptor, 'utf8').replace(/\r?\n$/, '');
    return secret === '' ? { path, message: `${file} is empty`, mend: 'Write the secret into it.' } : secret;
  } finally {
    closeSync(descriptor);
  }
}

export function passwordHashProblem(hash: string, path: string): Problem | undefined {
  if (PASSWORD_HASH.test(hash)) return undefined;
  return {
    path,
    message: 'what its file holds is no password hash of SHA-512 ($6$) or yescrypt ($y$)',
    mend: 'Make one with `mkpasswd --method=yescrypt` (for RHEL too) or `openssl passwd -6`, and write it into the file.',
  };
}
