import { existsSync, readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import type { Command } from 'commander';
import type { NodeView } from '../api/schemas/node.ts';
import type { ProblemView } from '../api/schemas/problem.ts';
import { HostRefused, InvalidInput, PodbootError } from '../domain/errors.ts';
import type { ConsoleEnds, ConsoleSocket } from './console-socket.ts';

export const DEFAULT_SOCKET = '/run/podboot/api.sock';
const DEFAULT_URL = 'http://127.0.0.1:8067';
/** A reload that checks thousands of nodes and files takes seconds. */
const TIMEOUT_MS = 60_000;
/** A stream of events says every 15 s that it lives. */
const SILENCE_MS = 45_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const PAGE_LIMIT = 1_000;

export interface ApiTarget {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
}

export interface ApiAnswer<T> {
  readonly body: T;
  readonly etag: string | undefined;
}

interface Payload {
  readonly bytes: string | Uint8Array;
  readonly type: string;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** What every command that speaks to the daemon has. The token is no option: other users see a command line. */
export function withApi(command: Command): Command {
  return command.option(
    '--api <address>',
    `where the daemon answers, as http://HOST:PORT or unix:/PATH (else PODBOOT_API, else ${DEFAULT_SOCKET} or ${DEFAULT_URL}); the token is in the file that PODBOOT_TOKEN_FILE names, or in PODBOOT_TOKEN`,
  );
}

/** @throws InvalidInput, HostRefused */
export function createApiClient(options: { readonly api?: string }, env: NodeJS.ProcessEnv): ApiClient {
  const address = apiAddress(options, env);
  return new ApiClient(address, readTarget(address), readToken(env));
}

/** Where commands look for the daemon. */
export function apiAddress(options: { readonly api?: string }, env: NodeJS.ProcessEnv): string {
  return options.api ?? env.PODBOOT_API ?? (existsSync(DEFAULT_SOCKET) ? `unix:${DEFAULT_SOCKET}` : DEFAULT_URL);
}

/** The daemon's API as commands use it. A refusal is thrown with its mend and all of its problems. */
export class ApiClient {
  readonly #address: string;
  readonly #target: ApiTarget;
  readonly #token: string;

  constructor(address: string, target: ApiTarget, token: string) {
    this.#address = address;
    this.#target = target;
    this.#token = token;
  }

  /** @param path below /api/v1, as `/nodes` */
  async call<T>(method: string, path: string, body?: object, ifMatch?: string): Promise<ApiAnswer<T>> {
    const payload = body === undefined ? undefined : { bytes: JSON.stringify(body), type: 'application/json' };
    const { text, etag } = await this.#request(method, path, payload, ifMatch);
    return { body: (text === '' ? undefined : this.#parse(text)) as T, etag };
  }

  /** Sends a file as it is. */
  async upload<T>(path: string, bytes: Uint8Array, type: string): Promise<T> {
    const { text } = await this.#request('POST', path, { bytes, type });
    return this.#parse(text) as T;
  }

  /** What is no JSON for us to read: a file. */
  async download(path: string): Promise<string> {
    return (await this.#request('GET', path)).text;
  }

  /** What need not be text: a recorded console. */
  async downloadBytes(path: string): Promise<Buffer> {
    const incoming = await this.#open(path, {}, '*/*');
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    try {
      for await (const piece of incoming as AsyncIterable<Buffer>) {
        sizeBytes += piece.length;
        if (sizeBytes > MAX_ANSWER_BYTES) incoming.destroy(new Error('its answer is too long'));
        pieces.push(piece);
      }
    } catch (error) {
      throw this.#unreachable(error as NodeJS.ErrnoException);
    }
    const bytes = Buffer.concat(pieces);
    if ((incoming.statusCode ?? 0) >= 400) throw this.#refusal(incoming.statusCode ?? 0, bytes.toString());
    return bytes;
  }

  /** @throws HostRefused */
  async openConsole(path: string, ends: ConsoleEnds): Promise<ConsoleSocket> {
    // Loaded for this one command: it takes some milliseconds.
    const { openConsoleSocket } = await import('./console-socket.ts');
    return openConsoleSocket(this.#target, this.#token, path, ends);
  }

  async #request(method: string, path: string, payload?: Payload, ifMatch?: string) {
    const headers = {
      authorization: `Bearer ${this.#token}`,
      accept: 'application/json, */*;q=0.5',
      ...(payload === undefined ? {} : { 'content-type': payload.type }),
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    };
    const { incoming, text } = await this.#exchange(method, `/api/v1${path}`, headers, payload?.bytes);
    const status = incoming.statusCode ?? 0;
    if (status >= 400) throw this.#refusal(status, text);
    return { text, etag: incoming.headers.etag };
  }

  node(name: string): Promise<ApiAnswer<NodeView>> {
    return this.call('GET', `/nodes/${encodeURIComponent(name)}`);
  }

  /** Every item of a list, page by page. */
  async list<T>(path: string, query: URLSearchParams | Readonly<Record<string, string>> = {}): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.pages<T>(path, query)) items.push(...page);
    return items;
  }

  async *pages<T>(
    path: string,
    query: URLSearchParams | Readonly<Record<string, string>>,
  ): AsyncGenerator<readonly T[]> {
    const parameters = new URLSearchParams(query);
    parameters.set('limit', String(PAGE_LIMIT));
    let after: string | undefined;
    do {
      if (after !== undefined) parameters.set('after', after);
      const { body } = await this.call<Page<T>>('GET', `${path}?${parameters}`);
      yield body.items;
      after = body.next;
    } while (after !== undefined);
  }

  /** The text of an event stream as it comes; resolves where it ends. @throws HostRefused where the connection breaks */
  async stream(path: string, headers: Readonly<Record<string, string>>, onText: (text: string) => void): Promise<void> {
    const incoming = await this.#open(path, headers);
    const isRefused = (incoming.statusCode ?? 0) >= 400;
    let refusal = '';
    try {
      for await (const text of incoming.setEncoding('utf8') as AsyncIterable<string>) {
        if (isRefused) refusal += text;
        else onText(text);
      }
    } catch (error) {
      throw error instanceof PodbootError ? error : this.#unreachable(error as NodeJS.ErrnoException);
    }
    if (isRefused) throw this.#refusal(incoming.statusCode ?? 0, refusal);
  }

  #open(path: string, more: Readonly<Record<string, string>>, accept = 'text/event-stream'): Promise<IncomingMessage> {
    const headers = { ...more, authorization: `Bearer ${this.#token}`, accept };
    return new Promise((resolve, reject) => {
      const options = { ...this.#target, path: `/api/v1${path}`, headers, agent: false, timeout: SILENCE_MS };
      const outgoing = request(options, resolve);
      outgoing.on('timeout', () => outgoing.destroy(new Error(`it was silent for ${SILENCE_MS / 1_000} s`)));
      outgoing.on('error', (error) => reject(this.#unreachable(error)));
      outgoing.end();
    });
  }

  #exchange(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    payload: string | Uint8Array | undefined,
  ): Promise<{ incoming: IncomingMessage; text: string }> {
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) => reject(this.#unreachable(error));
      const outgoing = request(
        { ...this.#target, method, path, headers, agent: false, timeout: TIMEOUT_MS },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8');
          incoming.on('data', (chunk: string) => {
            text += chunk;
            if (text.length > MAX_ANSWER_BYTES) outgoing.destroy(new Error('its answer is too long'));
          });
          incoming.on('error', fail);
          incoming.on('end', () => resolve({ incoming, text }));
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`it did not answer within ${TIMEOUT_MS / 1_000} s`)));
      outgoing.on('error', fail);
      outgoing.end(payload);
    });
  }

  #unreachable(error: NodeJS.ErrnoException): HostRefused {
    const mends: Readonly<Record<string, string>> = {
      ECONNREFUSED: 'Start the daemon (systemctl status podboot), or name another address with --api.',
      ENOENT: 'Start the daemon (systemctl status podboot), or name another address with --api.',
      EACCES: 'Become a member of the group of that socket, or use sudo.',
    };
    const mend = mends[error.code ?? ''] ?? 'Look at the daemon’s log, or name another address with --api.';
    return new HostRefused(`no podboot answers at ${this.#address}: ${error.code ?? error.message}`, mend, error);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      const mend = 'Name the address of podboot’s API with --api.';
      throw new HostRefused(`what answers at ${this.#address} is no podboot`, mend, error);
    }
  }

  #refusal(status: number, text: string): PodbootError {
    const problem = this.#parse(text) as Partial<ProblemView>;
    const detail = problem.detail ?? `the API answered ${status}`;
    if (status === 401 || status === 429) {
      return new PodbootError(problem.code ?? 'unauthorized', `the API at ${this.#address} does not take this token`, {
        mend: 'Name the file of the right one in PODBOOT_TOKEN_FILE; podboot token new makes another.',
      });
    }
    if (problem.problems !== undefined) return new InvalidInput(detail, problem.problems, problem.mend);
    return new PodbootError(problem.code ?? 'api', detail, problem.mend === undefined ? {} : { mend: problem.mend });
  }
}

export function readTarget(address: string): ApiTarget {
  if (address.startsWith('unix:/')) return { socketPath: address.slice('unix:'.length) };
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'http:' && url.username === '' && (url.pathname === '/' || url.pathname === '')) {
    return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port === '' ? 80 : url.port) };
  }
  throw new InvalidInput(`${address} is no address of podboot’s API`, [], 'Write http://HOST:PORT or unix:/PATH.');
}

function readToken(env: NodeJS.ProcessEnv): string {
  const token = (
    env.PODBOOT_TOKEN_FILE === undefined ? env.PODBOOT_TOKEN : readTokenFile(env.PODBOOT_TOKEN_FILE)
  )?.trim();
  const mend = 'The first start of the daemon showed one; podboot token new makes another.';
  if (token === undefined || token === '') {
    throw new InvalidInput('there is no token: set PODBOOT_TOKEN_FILE to the file that holds it', [], mend);
  }
  if (!/^[A-Za-z0-9._~+/=-]{1,512}$/.test(token)) {
    throw new InvalidInput('what PODBOOT_TOKEN_FILE or PODBOOT_TOKEN holds is no token', [], mend);
  }
  return token;
}

function readTokenFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new HostRefused(
      `PODBOOT_TOKEN_FILE ${path} can’t be read: ${code}`,
      'Look at its path and its owner.',
      error,
    );
  }
}
