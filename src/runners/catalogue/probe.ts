import { STATUS_CODES } from 'node:http';
import type { Clock } from '../../domain/ports.ts';
import type { ProbeResult } from '../../domain/services.ts';
import type { EntryProbe } from './entry.ts';

export interface ProbeOptions {
  readonly clock: Clock;
  /** Of the whole answer; 5 s unless told. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 5_000;
const MAX_BODY_BYTES = 65_536;

const CONNECT_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to its network',
  ENOTFOUND: 'its name is not known here',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed without an answer',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an authority that this host does not know',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an authority that this host does not know',
  CERT_HAS_EXPIRED: 'its certificate has expired',
};

/** Asks once whether a page is there; what is seen instead is said. No redirect is followed, nothing secret is sent. */
export async function probe(
  url: string,
  how: EntryProbe,
  { clock, timeoutMs = TIMEOUT_MS }: ProbeOptions,
): Promise<ProbeResult> {
  const target = URL.parse(how.path ?? url, url);
  if (target === null) return { isUp: false, found: `${url} is no URL` };
  // 30 MB of memory: only where a page is asked.
  const { Client } = await import('undici');
  const client = new Client(target.origin, {
    connect: { rejectUnauthorized: !how.isSelfSigned, timeout: timeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 0,
  });
  const late = new AbortController();
  const timer = clock.setTimeout(() => late.abort(), timeoutMs);
  const startedAt = clock.monotonic();
  try {
    const answer = await client.request({
      method: 'GET',
      path: `${target.pathname}${target.search}`,
      signal: late.signal,
      headers: { accept: '*/*', 'user-agent': 'podboot' },
    });
    const tookMs = Math.round(clock.monotonic() - startedAt);
    await answer.body.dump({ limit: MAX_BODY_BYTES, signal: late.signal });
    return result(answer.statusCode, answer.headers.location, how, tookMs);
  } catch (error) {
    const found = late.signal.aborted ? `no answer within ${timeoutMs / 1_000} s` : failureWords(error);
    return { isUp: false, found, mend: `Do its pods run, and does its port listen? curl -v ${target.href}` };
  } finally {
    timer.cancel();
    await client.destroy();
  }
}

function result(
  status: number,
  location: string | string[] | undefined,
  { statuses }: EntryProbe,
  tookMs: number,
): ProbeResult {
  if (statuses.includes(status)) return { isUp: true, found: `${status} in ${tookMs} ms` };
  const words = STATUS_CODES[status] ?? '';
  const where = typeof location === 'string' ? ` to ${location.slice(0, 120)}` : '';
  const mend =
    status >= 500
      ? 'Something before it answers and it does not: look at its pods.'
      : `It was to answer ${statuses.join(' or ')}: is something else at this port?`;
  return { isUp: false, found: `${status} ${words}${where}`.trim(), mend };
}

function failureWords(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return CONNECT_WORDS[code] ?? (code === '' ? 'it could not be asked' : `it could not be asked: ${code}`);
}
