import { closeSync, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSink, Store, StoreSnapshot } from '../domain/ports.ts';
import { newToken, TOKEN_SETTING } from './token.ts';

/**
 * The hash of the API's token. At the first start there is none: a token is made and shown once, on the terminal where
 * there is one, else in a file that only this user can read. A log is no place for it.
 * `PODBOOT_FIRST_TOKEN_FILE` names another file, for whoever starts the daemon from a program.
 */
export async function ensureToken(
  store: Store,
  snapshot: StoreSnapshot,
  dataDir: string,
  events: EventSink,
): Promise<string> {
  const known = snapshot.settings.get(TOKEN_SETTING);
  if (known !== undefined) return known;
  const { token, hash } = newToken();
  const named = process.env.PODBOOT_FIRST_TOKEN_FILE;
  if (named === undefined && process.stderr.isTTY) {
    process.stderr.write(
      `\nThe API's token, shown this once:\n\n    ${token}\n\nKeep it in a file of mode 0600 and name it in PODBOOT_TOKEN_FILE.\n\n`,
    );
  } else {
    const file = named ?? join(dataDir, 'first-token');
    writeSecret(file, `${token}\n`);
    events.emit({
      type: 'api.first-token',
      level: 'info',
      subject: {},
      text: `the API's token is in ${file}, for this user alone`,
      mend: 'Move it to where PODBOOT_TOKEN_FILE names it; only its hash is kept by podboot.',
    });
  }
  await store.commit([{ put: 'setting', name: TOKEN_SETTING, value: hash }]);
  return hash;
}

/**
 * The mode of open(2) counts for a new file alone: one that is there already is closed to others before anything is in
 * it. A pipe or a terminal (/dev/stdout) keeps the mode that it has.
 */
function writeSecret(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    if (fstatSync(file).isFile()) fchmodSync(file, 0o600);
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}
