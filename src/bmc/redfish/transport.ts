import { Client, type Dispatcher } from 'undici';
import { BmcError } from '../driver.ts';
import { type Endpoint, openPinned } from './fingerprint.ts';
import { type JsonObject, readJsonObject } from './json.ts';
import type { RedfishClock } from './ports.ts';
import { printable } from './words.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface TransportRequest {
  readonly method: Method;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  readonly timeoutMs: number;
  /** On a connection of its own: one that was kept may be dead, and nobody would know whether a reset got through. */
  readonly isFresh?: boolean;
}

export interface Answer {
  readonly status: number;
  /** Undefined where there was none, and with a refusal that is not in JSON. */
  readonly body: JsonObject | undefined;
  readonly etag: string | undefined;
  readonly location: string | undefined;
  readonly token: string | undefined;
  readonly retryAfterSeconds: number | undefined;
}

/** Log entries come a page at a time, and a page is a few hundred kilobytes. */
const MAX_BODY_BYTES = 4 * 1_024 * 1_024;
const CONNECT_MS = 15_000;
/** BMCs choke on long connections (Sushy), and a handshake costs them half a second: kept for the next request only. */
const KEEP_ALIVE_MS = 2_000;

/** HTTP to one BMC whose certificate is pinned: one request at a time, no redirects, everything bounded. */
export class Transport {
  readonly #endpoint: Endpoint;
  readonly #pin: string;
  readonly #clock: RedfishClock;
  readonly origin: string;
  #kept: Client | undefined;
  #hasAnswered = false;
  /** Nothing of the request has left yet. */
  #isConnecting = false;

  constructor(endpoint: Endpoint, pin: string, clock: RedfishClock) {
    this.#endpoint = endpoint;
    this.#pin = pin;
    this.#clock = clock;
    const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
    const origin = URL.parse(`https://${host}:${endpoint.port}`)?.origin;
    if (origin === undefined) throw new BmcError('unreachable', `“${printable(host, 80)}” is no address of a BMC`);
    this.origin = origin;
  }

  /**
   * @returns whatever the status: what it means is the caller's business
   * @throws BmcError `unreachable`, `no-answer`, `not-trusted`; `refused` for an answer that can't be read
   */
  async request(request: TransportRequest): Promise<Answer> {
    if (request.isFresh !== true) {
      this.#kept ??= this.#connection(1);
      return this.#exchange(this.#kept, request);
    }
    const connection = this.#connection(0);
    try {
      return await this.#exchange(connection, request);
    } finally {
      await connection.destroy();
    }
  }

  async close(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    await kept?.destroy();
  }

  /** @param pipelining 0 closes the connection after the answer */
  #connection(pipelining: 0 | 1): Client {
    return new Client(this.origin, {
      connect: (_, done) => {
        this.#isConnecting = true;
        return openPinned(this.#endpoint, this.#pin, this.#clock, CONNECT_MS, (...result) => {
          this.#isConnecting = false;
          done(...result);
        });
      },
      pipelining,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // Time is kept by the clock, below.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_BODY_BYTES,
    });
  }

  async #exchange(connection: Client, request: TransportRequest): Promise<Answer> {
    const { method, path, headers, body, timeoutMs } = request;
    const late = new AbortController();
    const timer = this.#clock.setTimeout(() => late.abort(), timeoutMs);
    try {
      const answer = await connection.request({
        method,
        path,
        signal: late.signal,
        headers: {
          accept: 'application/json',
          // Compression changes ETags, and some BMCs do it wrong.
          'accept-encoding': 'identity',
          'odata-version': '4.0',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      this.#hasAnswered = true;
      return {
        status: answer.statusCode,
        body: this.#read(text, answer.statusCode, request),
        etag: headerOf(answer, 'etag'),
        location: headerOf(answer, 'location'),
        token: headerOf(answer, 'x-auth-token'),
        retryAfterSeconds: secondsOf(headerOf(answer, 'retry-after')),
      };
    } catch (error) {
      throw this.#failure(error, request, late.signal.aborted);
    } finally {
      timer.cancel();
    }
  }

  #read(text: string, status: number, { method, path }: TransportRequest): JsonObject | undefined {
    if (text.trim() === '') return undefined;
    try {
      return readJsonObject(text);
    } catch (error) {
      // The status says it all. A DELETE or a PATCH that went well needs no body either.
      if (status >= 300 || method !== 'GET') return undefined;
      const why = error instanceof Error ? printable(error.message, 100) : '';
      const begins = `“${printable(text, 60)}”`;
      throw new BmcError('refused', `the BMC’s answer to ${method} ${path} can’t be read: ${why}. It begins ${begins}`);
    }
  }

  #failure(error: unknown, { method, path, timeoutMs }: TransportRequest, isLate: boolean): BmcError {
    if (error instanceof BmcError) {
      // Before a byte was sent, or of an answer.
      if (error.failure !== 'unreachable' || !this.#hasAnswered) return error;
      return new BmcError('no-answer', error.message, { cause: error });
    }
    const mayHaveActed = method !== 'GET' && !(isLate && this.#isConnecting);
    if (codeOf(error) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
      const message = `the BMC’s answer to ${method} ${path} is larger than ${MAX_BODY_BYTES / 1_048_576} MiB`;
      return new BmcError('refused', message, { mayHaveActed });
    }
    const failure = this.#hasAnswered ? 'no-answer' : 'unreachable';
    const why = isLate
      ? `nothing came for ${Math.round(timeoutMs / 1_000)} s`
      : `the connection broke: ${error instanceof Error ? printable(error.message, 120) : 'for no known reason'}`;
    const message = `no answer of ${this.#endpoint.host} to ${method} ${path}: ${why}`;
    return new BmcError(failure, message, { mayHaveActed, cause: error });
  }
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The form with a date is not used by BMCs, whose clocks are wrong. */
function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
