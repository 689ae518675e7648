import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EventSink } from '../domain/ports.ts';
import { sendProblem } from './problems.ts';
import { isAuthorized } from './token.ts';

/** Failed attempts of one peer, in a minute. The right token passes whatever others do: it can't be guessed in any case. */
const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;
const MAX_PEERS = 1_000;

export interface AuthenticationOptions {
  /** SHA-256 of the token in force, in hex: it changes with a reload. */
  readonly tokenHash: () => string;
  readonly events: EventSink;
}

export type Authenticate = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** Nothing is answered without the token, not even that a route does not exist. */
export function createAuthentication(app: FastifyInstance, options: AuthenticationOptions): Authenticate {
  app.register(rateLimit, { global: false, cache: MAX_PEERS });
  let countFailure: ReturnType<FastifyInstance['createRateLimit']> | undefined;
  app.after(() => {
    countFailure = app.createRateLimit({ max: MAX_FAILURES, timeWindow: WINDOW_MS, keyGenerator: peerOf });
  });

  return async (request, reply) => {
    if (isAuthorized(request.headers.authorization, options.tokenHash())) return undefined;
    const verdict = await countFailure?.(request);
    options.events.emit({
      type: 'api.refused',
      level: 'warn',
      subject: {},
      text: `API: a request of ${peerOf(request)} without the right token was refused`,
      throttle: peerOf(request),
    });
    if (verdict !== undefined && !verdict.isAllowed && verdict.isExceeded) {
      return sendProblem(reply.header('retry-after', String(Math.max(1, verdict.ttlInSeconds))), {
        status: 429,
        code: 'too-many-failures',
        detail: 'Too many requests without the right token.',
        mend: 'Wait a minute, then send the right one.',
      });
    }
    return sendProblem(reply.header('www-authenticate', 'Bearer realm="podboot"'), {
      status: 401,
      code: 'unauthorized',
      detail: 'This request bears no token, or not the one that is in force.',
      mend: 'Send “Authorization: Bearer TOKEN” with the token of the first start, or make a new one: podboot token new.',
    });
  };
}

/** The peer of a Unix socket has no address. */
function peerOf(request: FastifyRequest): string {
  return request.ip === undefined || request.ip === '' ? 'the unix socket' : request.ip;
}
