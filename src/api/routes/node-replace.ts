import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { ReplaceBody, ReplaceView } from '../schemas/enrolment.ts';
import { IfMatchHeaders } from '../schemas/headers.ts';
import { entityTag, nodeView } from '../views.ts';
import { expectedVersion, findNode, NodeParams, needsIfMatch } from './nodes.ts';

/** Other hardware in the same node. */
export function nodeReplaceRoutes(registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/nodes/:node/replace',
      {
        schema: {
          tags: ['nodes'],
          summary: 'Replace an interface, a board or the whole machine: the node stays what it is, its boot grants end',
          params: NodeParams,
          headers: IfMatchHeaders,
          body: ReplaceBody,
          response: { 200: ReplaceView },
        },
      },
      async (request, reply) => {
        const node = findNode(registry, request.params.node);
        const ifMatch = request.headers['if-match'];
        if (ifMatch === undefined) return needsIfMatch(reply, node);
        const applied = await registry.replace(node.id, request.body, expectedVersion(node, ifMatch));
        reply.header('etag', entityTag(applied.node));
        return reply.send({ changes: [...applied.changes], node: nodeView(applied.node) });
      },
    );
  };
}
