import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

/** As Prometheus reads it. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

const schema = {
  tags: ['daemon'],
  summary:
    'Figures for Prometheus (docs/metrics.md); the token of `podboot token new --metrics` opens this route alone',
  response: { 200: Type.Unsafe<string>({ type: 'string' }) },
};

/** @param metrics made at the first scrape */
export function metricsRoutes(metrics: () => Promise<MetricsText>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/metrics', { config: { access: 'metrics' }, schema }, async (_request, reply) => {
      const exposition = await metrics();
      return reply.type(exposition.contentType).send(await exposition.text());
    });
  };
}
