import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Name of the store's setting that holds the hash of the token that is in force. */
export const TOKEN_SETTING = 'api.token.sha256';

/** The same of the token that opens /metrics alone. */
export const METRICS_TOKEN_SETTING = 'metrics.token.sha256';

/** So that a token in the wrong place (a log, a repository) is known for what it is. */
const PREFIX = 'pbt_';
const TOKEN_BYTES = 32;

export interface NewToken {
  /** To be shown once and kept nowhere. */
  readonly token: string;
  /** SHA-256 in lower-case hex. A slow hash would add nothing: 256 random bits can't be guessed from it. */
  readonly hash: string;
}

export function newToken(): NewToken {
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  return { token, hash: hashToken(token) };
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex');
}

/** Whether the Authorization header (RFC 6750 section 2.1) bears the token with that hash; in the same time for each guess. */
export function isAuthorized(authorization: string | undefined, hash: string): boolean {
  const given = /^Bearer +([A-Za-z0-9._~+/=-]{1,512})$/i.exec(authorization ?? '')?.[1];
  const expected = Buffer.from(hash, 'hex');
  const actual = createHash('sha256')
    .update(given ?? '', 'utf8')
    .digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual) && given !== undefined;
}
