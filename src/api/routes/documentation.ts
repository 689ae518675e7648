import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';

const schema = {
  tags: ['documentation'],
  summary: 'This API as an OpenAPI 3.1 document',
  response: { 200: Type.Unsafe<string>({ type: 'object', description: 'OpenAPI 3.1.' }) },
};

/** `document` is made at the first request: hundreds of kilobytes that most daemons are never asked for. */
export function documentationRoutes(document: () => Promise<string>): FastifyPluginAsyncTypebox {
  return async (app) => {
    for (const path of ['/docs', '/docs/json']) {
      app.get(path, { schema }, async (_request, reply) =>
        reply.type('application/json; charset=utf-8').send(await document()),
      );
    }
  };
}
