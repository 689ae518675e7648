import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { PodbootError } from '../domain/errors.ts';

interface ApiAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfterSeconds: number;
}

const NODES = '/api/v1/nodes';
const READY_TIMEOUT_MS = 20_000;
const READY_POLL_MS = 100;
const REQUEST_TIMEOUT_MS = 10_000;
/** At once, of hundreds. */
const ENROLMENTS_AT_ONCE = 8;
const MAX_ATTEMPTS = 10;

/** The daemon's API as any program would use it, over its unix socket, with the token of its first start. */
export class ApiClient {
  readonly #socketPath: string;
  readonly #tokenFile: string;

  constructor(socketPath: string, tokenFile: string) {
    this.#socketPath = socketPath;
    this.#tokenFile = tokenFile;
  }

  /** Resolves when the API answers with the token. */
  async ready(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    for (;;) {
      signal.throwIfAborted();
      const answer = await this.#call('GET', NODES).catch(() => undefined);
      if (answer?.status === 200) return;
      if (performance.now() > deadline) {
        const seen = answer === undefined ? 'no answer' : `status ${answer.status}`;
        throw new PodbootError(
          'rehearsal',
          `the daemon's API is not there after ${READY_TIMEOUT_MS / 1_000} s: ${seen}`,
        );
      }
      await pause(READY_POLL_MS);
    }
  }

  async enrol(nodes: readonly Readonly<Record<string, unknown>>[], signal: AbortSignal): Promise<void> {
    const waiting = nodes.values();
    const enrolSome = async (): Promise<void> => {
      for (const node of waiting) {
        signal.throwIfAborted();
        await this.#enrolOne(node);
      }
    };
    await Promise.all(Array.from({ length: ENROLMENTS_AT_ONCE }, enrolSome));
  }

  async #enrolOne(node: Readonly<Record<string, unknown>>): Promise<void> {
    let answer = await this.#call('POST', NODES, node);
    for (let attempt = 1; answer.status === 429 && attempt < MAX_ATTEMPTS; attempt += 1) {
      await pause(answer.retryAfterSeconds * 1_000);
      answer = await this.#call('POST', NODES, node);
    }
    if (answer.status !== 201 && answer.status !== 200) {
      throw new PodbootError(
        'rehearsal',
        `${String(node.name)} could not be enrolled: ${answer.status} ${answer.body}`,
      );
    }
  }

  async #call(method: string, path: string, body?: unknown): Promise<ApiAnswer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const token = readFileSync(this.#tokenFile, 'utf8').trim();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          socketPath: this.#socketPath,
          method,
          path,
          timeout: REQUEST_TIMEOUT_MS,
          headers: {
            authorization: `Bearer ${token}`,
            ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
          },
        },
        (incoming) => {
          let text = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          incoming.on('error', reject);
          incoming.on('end', () => {
            const retryAfterSeconds = Number(incoming.headers['retry-after'] ?? 1) || 1;
            resolve({ status: incoming.statusCode ?? 0, body: text, retryAfterSeconds });
          });
        },
      );
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
      outgoing.on('error', reject);
      outgoing.end(payload);
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
