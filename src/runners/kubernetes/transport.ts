import type { Pool } from 'undici';
import { PodbootError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { KubernetesUnreachable, unreachable } from './refusal.ts';

export interface KubernetesRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** From `/api`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Of the body; JSON unless told. */
  readonly contentType?: string;
}

export interface KubernetesAnswer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterSeconds: number | undefined;
}

export interface TransportOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  /** @throws where it can't be read */
  readonly readFile: (path: string) => string;
  /** Of one answer; 30 s unless told. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const CONNECT_MS = 10_000;
const CONNECTIONS = 4;
/** A hundred nodes, each with the list of its images: some 4 MB. */
const MAX_BODY_BYTES = 32 * 1_024 * 1_024;
/** A bound service account token lives an hour, and the kubelet writes a new one after 48 minutes. */
const TOKEN_AGE_MS = 60_000;

/** HTTP to one API server: its CA and nobody else's, no redirects, everything bounded. */
export class KubernetesTransport {
  readonly #options: TransportOptions;
  #pool: Promise<Pool> | undefined;
  #token: { readonly text: string; readonly readAt: number } | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** undici is 30 MB of memory: a daemon without a Kubernetes cluster never loads it. */
  async #connected(): Promise<Pool> {
    const { Pool } = await import('undici');
    const { origin, authority, isBlind, clientCertificate, serverName } = this.#options.access;
    return new Pool(origin, {
      connections: CONNECTIONS,
      connect: {
        timeout: CONNECT_MS,
        ...(authority === undefined ? {} : { ca: authority }),
        ...(clientCertificate === undefined ? {} : { cert: clientCertificate.certificate, key: clientCertificate.key }),
        ...(serverName === undefined ? {} : { servername: serverName }),
        rejectUnauthorized: !isBlind,
      },
      // Time is kept by the clock, below.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_BODY_BYTES,
    });
  }

  /** @returns whatever the status @throws KubernetesUnreachable */
  async request(request: KubernetesRequest): Promise<KubernetesAnswer> {
    const answer = await this.#exchange(request);
    // The token's file may have been replaced this moment.
    if (answer.status !== 401 || this.#options.access.tokenFile === undefined) return answer;
    const before = this.#token?.text;
    this.#token = undefined;
    return this.#bearer() === before ? answer : this.#exchange(request);
  }

  async close(): Promise<void> {
    await (await this.#pool)?.destroy();
  }

  async #exchange({
    method,
    path,
    body,
    contentType = 'application/json',
  }: KubernetesRequest): Promise<KubernetesAnswer> {
    const { access, clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const token = this.#bearer();
    const late = new AbortController();
    const timer = clock.setTimeout(() => late.abort(), timeoutMs);
    try {
      this.#pool ??= this.#connected();
      const pool = await this.#pool;
      const answer = await pool.request({
        method,
        path: `${access.basePath}${path}`,
        signal: late.signal,
        headers: {
          accept: 'application/json',
          'user-agent': 'podboot',
          ...(body === undefined ? {} : { 'content-type': contentType }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      const after = answer.headers['retry-after'];
      return {
        status: answer.statusCode,
        text,
        retryAfterSeconds: typeof after === 'string' && /^\d{1,4}$/.test(after) ? Number(after) : undefined,
      };
    } catch (error) {
      if (error instanceof PodbootError) throw error;
      throw unreachable(error, access.origin, late.signal.aborted, timeoutMs);
    } finally {
      timer.cancel();
    }
  }

  #bearer(): string | undefined {
    const { access, clock, readFile } = this.#options;
    if (access.tokenFile === undefined) return access.token;
    const now = clock.monotonic();
    if (this.#token !== undefined && now - this.#token.readAt < TOKEN_AGE_MS) return this.#token.text;
    try {
      this.#token = { text: readFile(access.tokenFile).trim(), readAt: now };
    } catch (error) {
      const message = `the token of the Kubernetes cluster can’t be read from ${access.tokenFile}`;
      throw new KubernetesUnreachable(message, 'Is it there, and may podboot read it?', error);
    }
    return this.#token.text;
  }
}
