import { METRICS_TOKEN_SETTING, newToken, TOKEN_SETTING } from '../api/token.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';

/** What a token opens: the whole API, or /metrics alone. */
export type TokenUse = 'api' | 'metrics';

const SETTING_OF: Readonly<Record<TokenUse, string>> = { api: TOKEN_SETTING, metrics: METRICS_TOKEN_SETTING };

/**
 * Makes a new token of the API in the store, also while a daemon runs on it, which takes it up at its next reload.
 *
 * @returns the token, to be shown once
 * @throws HostRefused where the store can't be opened or written
 */
export async function replaceToken(dataDir: string, use: TokenUse): Promise<string> {
  const { token, hash } = newToken();
  const store = await openSqliteStore({ dataDir, access: 'tool' });
  try {
    await store.commit([{ put: 'setting', name: SETTING_OF[use], value: hash }]);
  } finally {
    await store.close();
  }
  return token;
}
