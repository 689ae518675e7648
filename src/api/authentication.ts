import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EventSink } from '../domain/ports.ts';
import { sendProblem } from './problems.ts';
import { isAuthorized } from './token.ts';

/** Failed attempts of one peer, in a minute. The right token passes whatever others do: it can't be guessed in any case. */
const MAX_FAILURES = 20;
const WINDOW_MS = 60_000;
const MAX_PEERS = 1_000;

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Who may ask beside the holder of the token; absent: nobody.
     * - `local-probe` whoever is on this host: the answer is one word
     * - `metrics`     the holder of the token for metrics
     */
    readonly access?: 'local-probe' | 'metrics';
  }
}

export interface AuthenticationOptions {
  /** SHA-256 of the token in force, in hex: it changes with a reload. */
  readonly tokenHash: () => string;
  /** Of the token that opens /metrics alone; undefined: there is none. */
  readonly metricsTokenHash: () => string | undefined;
  readonly events: EventSink;
}

export type Authenticate = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/** Nothing is answered without a token, not even that a route does not exist; save to probes of this host. */
export function createAuthentication(app: FastifyInstance, options: AuthenticationOptions): Authenticate {
  app.register(rateLimit, { global: false, cache: MAX_PEERS });
  let countFailure: ReturnType<FastifyInstance['createRateLimit']> | undefined;
  app.after(() => {
    countFailure = app.createRateLimit({ max: MAX_FAILURES, timeWindow: WINDOW_MS, keyGenerator: peerOf });
  });

  return async (request, reply) => {
    if (isAuthorized(request.headers.authorization, options.tokenHash())) return undefined;
    const { access } = request.routeOptions.config;
    if (access === 'local-probe' && isLocal(request)) return undefined;
    const metricsHash = access === 'metrics' ? options.metricsTokenHash() : undefined;
    if (metricsHash !== undefined && isAuthorized(request.headers.authorization, metricsHash)) return undefined;
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

/** By the peer's own address. What came through a proxy on this host is from elsewhere. */
function isLocal({ headers, socket }: FastifyRequest): boolean {
  if (['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'].some((name) => headers[name] !== undefined)) return false;
  const { remoteAddress } = socket;
  // A peer that has gone meanwhile has no address either, and hears no answer.
  return remoteAddress === undefined || /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress);
}

/** The peer of a Unix socket has no address. */
function peerOf(request: FastifyRequest): string {
  return request.ip === undefined || request.ip === '' ? 'the unix socket' : request.ip;
}
