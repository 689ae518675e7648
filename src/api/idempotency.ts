import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Claim, IdempotencyKeys } from './idempotency-keys.ts';
import { type Refusal, sendProblem } from './problems.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its answer holds a secret: it is not kept for a repeat. */
    isShownOnce?: boolean;
  }
}

/** Of an answer: what a client that did not get it needs of it. */
const KEPT_HEADERS = ['content-type', 'location', 'etag'];

const REFUSALS: Readonly<Record<Exclude<Claim['is'], 'new' | 'answered'>, Refusal>> = {
  'other-request': {
    status: 422,
    code: 'idempotency-key-reused',
    detail: 'This Idempotency-Key was sent with another request.',
    mend: 'Send each request with a key of its own; a repeat has to be the same in every byte.',
  },
  'in-progress': {
    status: 409,
    code: 'idempotency-in-progress',
    detail: 'The request with this Idempotency-Key is still being worked on.',
    mend: 'Wait a moment, then repeat it.',
  },
  'outcome-unknown': {
    status: 409,
    code: 'idempotency-outcome-unknown',
    detail: 'podboot was interrupted while it worked on the request with this Idempotency-Key: it may be done or not.',
    mend: 'Look whether it was done; if not, send it with a new key.',
  },
  'answer-gone': {
    status: 409,
    code: 'idempotency-answer-gone',
    detail: 'The request with this Idempotency-Key was done; its answer was too long to be kept, or is shown once.',
    mend: 'Read what it made; there is nothing to repeat.',
  },
};

/** Hooks for each POST that bears an Idempotency-Key: after its token and its body were checked, before anything is done. */
export function registerIdempotency(app: FastifyInstance, keys: IdempotencyKeys): void {
  const running = new WeakMap<FastifyRequest, string>();

  app.addHook('preHandler', async (request, reply) => {
    const header = request.headers['idempotency-key'];
    if (request.method !== 'POST' || header === undefined) return undefined;
    const key = readKey(String(header));
    if (key === undefined) return sendProblem(reply, UNREADABLE);
    const claim = await keys.claim(key, fingerprintOf(request));
    if (claim.is === 'new') {
      running.set(request, key);
      return undefined;
    }
    if (claim.is !== 'answered') return sendProblem(reply, REFUSALS[claim.is]);
    const { status, headers, body } = claim.answer;
    return reply.code(status).headers(headers).header('idempotent-replayed', 'true').send(body);
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const key = running.get(request);
    if (key === undefined) return;
    running.delete(request);
    if (reply.statusCode === 500) keys.lose(key);
    else if (reply.statusCode >= 400) await keys.withdraw(key);
    else {
      const answer = { status: reply.statusCode, headers: keptHeaders(reply) };
      const { isShownOnce = false } = request.routeOptions.config;
      await keys.finish(key, isShownOnce ? answer : { ...answer, body: textOf(payload) });
    }
  });
}

const UNREADABLE: Refusal = {
  status: 400,
  code: 'idempotency-key-unreadable',
  detail: 'The Idempotency-Key is none.',
  mend: 'Send one string of up to 255 characters, best a UUID: Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324".',
};

/** A string of RFC 8941 as the draft wants it, or the bare word that most clients send. */
function readKey(header: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header.trim())?.[1];
  const key = quoted?.replaceAll(/\\(["\\])/g, '$1') ?? /^[A-Za-z0-9._:/+=-]+$/.exec(header.trim())?.[0];
  return key !== undefined && /^[\x20-\x7e]{1,255}$/.test(key) ? key : undefined;
}

function fingerprintOf(request: FastifyRequest): string {
  const { method, url, headers, body } = request;
  const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  return createHash('sha256')
    .update(JSON.stringify([method, url, headers['content-type'] ?? '', headers['if-match'] ?? '']))
    .update(bytes)
    .digest('hex');
}

function keptHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );
}

/** No route that changes something answers with a stream. */
function textOf(payload: unknown): string {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.toString() : '';
}
