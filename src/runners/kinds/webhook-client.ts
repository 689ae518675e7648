import { createHmac } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';

export interface WebhookOrder {
  readonly url: string;
  readonly secretFile?: string;
  readonly caFile?: string;
  readonly body: {
    readonly cluster: string;
    readonly action: string;
    readonly by: string;
    readonly hosts: readonly { readonly name: string }[];
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingMessage['headers'];
}

const ATTEMPTS = 8;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;
const POLL_MS = 10_000;
const TIMEOUT_MS = 60_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
/** The other side is there and will be able to later (RFC 9110 section 15, RFC 6585). */
const RETRIED: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const RESULTS = new Map([
  ['changed', 'changed'],
  ['unchanged', 'ok'],
  ['failed', 'failed'],
  ['unreachable', 'unreachable'],
]);

/**
 * `node webhook-client.ts ORDER`: one POST of a signed body, and what its answer says of each host as events.
 * docs/runs.md describes both. Told twice for the same run (Idempotency-Key), the other side does it once.
 */
class WebhookClient {
  readonly #order: WebhookOrder;
  readonly #run = process.env.PODBOOT_RUN ?? '';
  readonly #secret: Buffer | undefined;
  readonly #ca: Buffer | undefined;

  constructor(order: WebhookOrder) {
    this.#order = order;
    this.#secret = order.secretFile === undefined ? undefined : trimmed(readFileSync(order.secretFile));
    this.#ca = order.caFile === undefined ? undefined : readFileSync(order.caFile);
  }

  async run(): Promise<void> {
    const { url, body } = this.#order;
    let answer = await this.#persist('POST', url, JSON.stringify({ run: this.#run, ...body }));
    let told = '';
    // 202: it works on it, and says where to ask.
    while (answer.status === 202) {
      const status = new URL(answer.headers.location ?? url, url);
      if (status.origin !== new URL(url).origin) throw new Error(`it points to another server: ${status.origin}`);
      const words = messageOf(answer.text);
      if (words !== told) process.stdout.write(`${words}\n`);
      told = words;
      await pause(POLL_MS);
      answer = await this.#persist('GET', status.href, '');
    }
    this.#tellHosts(answer.text);
  }

  async #persist(method: string, url: string, body: string): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      let trouble: string;
      let waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1));
      try {
        const answer = await this.#ask(method, url, body);
        if (answer.status < 300) return answer;
        trouble = `${method} ${url} was answered ${answer.status}: ${messageOf(answer.text)}`;
        if (!RETRIED.has(answer.status)) throw new Refused(trouble);
        const wanted = Number(answer.headers['retry-after']) * 1_000;
        if (wanted > 0) waitMs = Math.min(LONGEST_WAIT_MS, wanted);
      } catch (error) {
        if (error instanceof Refused) throw error;
        trouble = `${method} ${url} failed: ${error instanceof Error ? error.message : String(error)}`;
      }
      if (attempt >= ATTEMPTS) throw new Error(`${trouble} (given up after ${attempt} attempts)`);
      process.stdout.write(`${trouble}; again in ${Math.ceil(waitMs / 1_000)} s\n`);
      await pause(waitMs);
    }
  }

  #ask(method: string, url: string, body: string): Promise<Answer> {
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const options = {
      method,
      timeout: TIMEOUT_MS,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'podboot',
        'idempotency-key': this.#run,
        'x-podboot-timestamp': timestamp,
        ...(this.#secret === undefined ? {} : { 'x-podboot-signature': signature(this.#secret, timestamp, body) }),
      },
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    };
    return new Promise((resolve, reject) => {
      const open = url.startsWith('https:') ? httpsRequest : httpRequest;
      const outgoing = open(url, options, (incoming) => {
        const pieces: Buffer[] = [];
        let size = 0;
        incoming.on('data', (piece: Buffer) => {
          size += piece.length;
          if (size > MAX_ANSWER_BYTES) outgoing.destroy(new Error('its answer is longer than 1 MiB'));
          else pieces.push(piece);
        });
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            text: Buffer.concat(pieces).toString('utf8'),
            headers: incoming.headers,
          }),
        );
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1_000} s`)));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** An answer without hosts says that all is done. */
  #tellHosts(text: string): void {
    const names = this.#order.body.hosts.map(({ name }) => name);
    const answer: unknown = text.trim() === '' ? {} : JSON.parse(text);
    const hosts = isRecord(answer) ? answer.hosts : undefined;
    if (hosts === undefined) for (const name of names) tell({ host: name, result: 'changed' });
    if (!isRecord(hosts)) return;
    for (const name of names) {
      const of = hosts[name];
      const result = isRecord(of) ? RESULTS.get(String(of.result)) : undefined;
      if (!isRecord(of) || result === undefined) continue;
      tell({ host: name, result, ...(typeof of.message === 'string' ? { message: of.message } : {}) });
    }
  }
}

class Refused extends Error {}

/** HMAC-SHA256 of the time, a dot and the body: a body that was overheard can't be sent again later. */
export function signature(secret: Buffer, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Without the line end that editors leave. */
function trimmed(secret: Buffer): Buffer {
  return secret.at(-1) === 0x0a ? secret.subarray(0, -1) : secret;
}

function tell(event: Readonly<Record<string, string>>): void {
  appendFileSync(process.env.PODBOOT_EVENTS ?? '/dev/null', `${JSON.stringify({ event: 'host', ...event })}\n`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What an answer says for people, in a line. */
function messageOf(text: string): string {
  let words = text;
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) words = String(value.message ?? value.detail ?? text);
  } catch {
    // Not JSON: its first words.
  }
  return words.replace(/\s+/g, ' ').slice(0, 300);
}

const [, program = '', order = ''] = process.argv;
if (/webhook-client\.[jt]s$/.test(program)) {
  try {
    await new WebhookClient(JSON.parse(readFileSync(order, 'utf8'))).run();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
