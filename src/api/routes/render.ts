import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { AnswerPreviewer } from '../../domain/answer-file.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { RenderQuery, RenderView } from '../schemas/render.ts';
import { findNode, NodeParams } from './nodes.ts';

/** What a node's installer would be told. Asking changes nothing, and shows no secret. */
export function renderRoutes(previewer: AnswerPreviewer, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/nodes/:node/render',
      {
        schema: {
          tags: ['nodes'],
          summary: 'The answer files that a node would get by a profile, with secrets masked',
          params: NodeParams,
          querystring: RenderQuery,
          response: { 200: RenderView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const { files, ...rest } = previewer.preview(node, request.query.profile);
        return { node: node.name, ...rest, files: [...files] };
      },
    );
  };
}
