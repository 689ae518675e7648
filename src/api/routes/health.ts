import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { HealthView } from '../schemas/health.ts';

/** What there is to know of the daemon's health; `mend` where it is not as it should be. */
export interface HealthReport {
  /** False: only a restart helps. */
  readonly isAlive: boolean;
  readonly isReady: boolean;
  readonly checks: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly text: string;
    readonly mend?: string;
  }[];
}

const tags = ['daemon'];
/** A probe learns one word: what is wrong, and everything else, needs the token. */
const word = (summary: string) => ({
  tags,
  summary,
  security: [],
  response: { 200: Type.Unsafe<string>({ type: 'string' }), 503: Type.Unsafe<string>({ type: 'string' }) },
});

/** `/healthz` and `/readyz`, for whoever restarts the daemon or sends it requests. On this host they need no token. */
export function probeRoutes(health: () => HealthReport): FastifyPluginAsyncTypebox {
  return async (app) => {
    const config = { access: 'local-probe' } as const;
    app.get(
      '/healthz',
      { config, schema: word('Whether it lives: 503 where only a restart helps') },
      async (_request, reply) => {
        const { isAlive } = health();
        return reply
          .code(isAlive ? 200 : 503)
          .type('text/plain; charset=utf-8')
          .send(isAlive ? 'ok\n' : 'not ok\n');
      },
    );
    app.get(
      '/readyz',
      { config, schema: word('Whether it serves: 503 while it starts or stops, or its disk takes nothing') },
      async (_request, reply) => {
        const { isReady } = health();
        return reply
          .code(isReady ? 200 : 503)
          .type('text/plain; charset=utf-8')
          .send(isReady ? 'ok\n' : 'not ok\n');
      },
    );
  };
}

/** The same in detail. */
export function healthRoutes(health: () => HealthReport): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/health',
      {
        schema: {
          tags,
          summary: 'What /healthz and /readyz judge by, each with its mend',
          response: { 200: HealthView },
        },
      },
      async () => {
        const { isAlive, isReady, checks } = health();
        return { alive: isAlive, ready: isReady, checks: [...checks] };
      },
    );
  };
}
