import type { IncomingMessage, ServerResponse } from 'node:http';
import { AccessDenied, InvalidInput, NotFound } from '../../domain/errors.ts';
import {
  CALLBACK_KINDS,
  type CallbackKind,
  type InstallDesk,
  type InstallRequest,
  TooManyRequests,
} from '../../domain/install-ports.ts';
import { answerText } from './http-answer.ts';

/** What an installer may say at once: the end of a log, or its host keys. */
const MAX_BODY_BYTES = 64 * 1024;
const TOKEN = '([0-9A-Za-z]{8,128})';
const CALLBACK = new RegExp(`^/install/${TOKEN}/callback/([a-z]{1,16})/?$`);
const ANSWER = new RegExp(`^/install/${TOKEN}/([A-Za-z0-9._-]{1,64})$`);

export interface InstallCounters {
  answers: number;
  callbacks: number;
  refused: number;
}

/** `/install/<token>/<answer file>` and `/install/<token>/callback/<what the installer says>`. */
export class InstallRoutes {
  readonly counters: InstallCounters = { answers: 0, callbacks: 0, refused: 0 };
  readonly #desk: InstallDesk;

  constructor(desk: InstallDesk) {
    this.#desk = desk;
  }

  /** @param path decoded, without its query. Whatever the desk refuses is answered here; other errors come through. */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    where: Omit<InstallRequest, 'token'>,
  ): Promise<void> {
    try {
      const [, callbackToken, kind] = CALLBACK.exec(path) ?? [];
      if (callbackToken !== undefined && kind !== undefined) {
        await this.#callback(request, response, { ...where, token: callbackToken }, kind);
        return;
      }
      const [, token, name] = ANSWER.exec(path) ?? [];
      if (token === undefined || name === undefined) throw new NotFound('there is no such answer file');
      if (request.method !== 'GET') {
        answerText(request, response, 405, 'An answer file is fetched by GET.\n', {
          Allow: 'GET',
          Connection: 'close',
        });
        return;
      }
      const file = await this.#desk.answerFile({ ...where, token }, name);
      this.counters.answers += 1;
      answerText(request, response, 200, file.text, { 'Content-Type': file.contentType });
    } catch (error) {
      this.#refuse(request, response, error);
    }
  }

  async #callback(
    request: IncomingMessage,
    response: ServerResponse,
    from: InstallRequest,
    kind: string,
  ): Promise<void> {
    // A wget that can't POST says at least what happened.
    if (request.method !== 'POST' && request.method !== 'GET' && request.method !== 'PUT') {
      answerText(request, response, 405, 'A callback is a POST.\n', { Allow: 'POST, PUT, GET', Connection: 'close' });
      return;
    }
    if (!isCallback(kind)) throw new NotFound(`there is no callback of this name, but ${CALLBACK_KINDS.join(', ')}`);
    const text = await readBody(request, MAX_BODY_BYTES);
    if (text === undefined) {
      answerText(request, response, 413, `At most ${MAX_BODY_BYTES} bytes at once.\n`, { Connection: 'close' });
      return;
    }
    await this.#desk.callback(from, kind, text);
    this.counters.callbacks += 1;
    answerText(request, response, 200, 'ok\n');
  }

  /** A refusal says why to whoever has the token, and nothing of others. */
  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const status =
      error instanceof TooManyRequests
        ? 429
        : error instanceof AccessDenied
          ? 403
          : error instanceof NotFound
            ? 404
            : error instanceof InvalidInput
              ? 500
              : undefined;
    if (status === undefined) throw error;
    this.counters.refused += 1;
    const message = status === 500 ? 'It could not be made; the server log says why.' : (error as Error).message;
    const headers = { Connection: 'close', ...(status === 429 ? { 'Retry-After': '30' } : {}) };
    answerText(request, response, status, `${message}\n`, headers);
  }
}

function isCallback(kind: string): kind is CallbackKind {
  return (CALLBACK_KINDS as readonly string[]).includes(kind);
}

/** Undefined: more than may be sent. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  if (request.method === 'GET') return '';
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The same for a log: nobody who reads it gets an answer file by it. Whatever looks like a token is one, however it is written. */
export function withoutToken(text: string): string {
  return text
    .replaceAll(/(install(?:\/|%2f)+)[^/?#\s%]+/gi, '$1[secret]')
    .replaceAll(/(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])/gi, '[secret]');
}
