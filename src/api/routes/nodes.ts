import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import Type from 'typebox';
import { NotFound } from '../../domain/errors.ts';
import { parseMac } from '../../domain/mac.ts';
import type { Node } from '../../domain/node.ts';
import type { LifeControl } from '../../lifecycle/node-actions.ts';
import { type NodeRegistry, VersionMismatch } from '../../lifecycle/registry-port.ts';
import { refuseTooManyValues } from '../body-size.ts';
import { nodeFilter } from '../node-filter.ts';
import { sendProblem } from '../problems.ts';
import { IfMatchHeaders, IfNoneMatchHeaders } from '../schemas/headers.ts';
import { NodesQuery } from '../schemas/life.ts';
import { NodeBody, NodePatchBody, NodeView } from '../schemas/node.ts';
import { pageLimit, pageOf } from '../schemas/page.ts';
import { entityTag, nodeView, recordTag } from '../views.ts';

export const NodeParams = Type.Object({
  node: Type.String({ minLength: 1, maxLength: 64, description: 'Its id, its name, or a MAC address of it.' }),
});
const tags = ['nodes'];

/** By id, name, or MAC address of one of its interfaces. */
export function findNode(registry: NodeRegistry, named: string): Node {
  const mac = parseMac(named);
  const node =
    registry.byId(named) ?? registry.byName(named) ?? (mac === undefined ? undefined : registry.byMac(mac)?.node);
  if (node === undefined) {
    throw new NotFound('There is no such node.', 'GET /api/v1/nodes (podboot nodes) lists those that there are.');
  }
  return node;
}

/** Enrol, list, show, change, remove. Changes need If-Match (RFC 9110 section 13.1.1), so that none undoes another's unseen. */
export function nodeRoutes(registry: NodeRegistry, lives?: Pick<LifeControl, 'life'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/nodes',
      {
        preValidation: refuseTooManyValues,
        schema: { tags, summary: 'Enrol a node', body: NodeBody, response: { 201: NodeView } },
      },
      async (request, reply) => {
        const node = await registry.enrol(request.body);
        return reply
          .code(201)
          .header('location', `/api/v1/nodes/${node.id}`)
          .header('etag', entityTag(node))
          .send(nodeView(node, lives?.life(node)));
      },
    );

    app.get(
      '/nodes',
      {
        schema: {
          tags,
          summary: 'The nodes by name, all or those that are asked for',
          querystring: NodesQuery,
          response: { 200: pageOf(NodeView) },
        },
      },
      async (request) => {
        const { state, ...query } = request.query;
        const isLikeThat = nodeFilter(query);
        const isAskedFor = (node: Node) =>
          isLikeThat(node) && (state === undefined || lives?.life(node).state === state);
        const names = registry.sortedNames();
        const limit = pageLimit(request.query);
        const found: Node[] = [];
        // One more than is shown tells whether there is a next page.
        for (let at = firstAfter(names, request.query.after); at < names.length && found.length <= limit; at += 1) {
          const node = registry.byName(names[at] ?? '');
          if (node !== undefined && isAskedFor(node)) found.push(node);
        }
        const items = found.slice(0, limit);
        const last = items.at(-1);
        return {
          items: items.map((node) => nodeView(node, lives?.life(node))),
          ...(last !== undefined && found.length > limit ? { next: last.name } : {}),
        };
      },
    );

    app.get(
      '/nodes/:node',
      {
        schema: {
          tags,
          summary: 'One node, by id, name or MAC address',
          params: NodeParams,
          headers: IfNoneMatchHeaders,
          response: { 200: NodeView, 304: Type.Null({ description: 'It is as If-None-Match knows it.' }) },
        },
      },
      async (request, reply) => {
        const node = findNode(registry, request.params.node);
        const life = lives?.life(node);
        const tag = entityTag(node, life);
        reply.header('etag', tag);
        if (tagsOf(request.headers['if-none-match']).includes(tag)) return reply.code(304).send(null);
        return reply.send(nodeView(node, life));
      },
    );

    app.patch(
      '/nodes/:node',
      {
        preValidation: refuseTooManyValues,
        schema: {
          tags,
          summary: 'Change a node: a JSON merge patch (RFC 7396)',
          consumes: ['application/merge-patch+json', 'application/json'],
          params: NodeParams,
          headers: IfMatchHeaders,
          body: NodePatchBody,
          response: { 200: NodeView },
        },
      },
      async (request, reply) => {
        const node = findNode(registry, request.params.node);
        if (request.headers['if-match'] === undefined) return needsIfMatch(reply, node);
        const changed = await registry.change(
          node.id,
          request.body,
          expectedVersion(node, request.headers['if-match']),
        );
        const life = lives?.life(changed);
        return reply.header('etag', entityTag(changed, life)).send(nodeView(changed, life));
      },
    );

    app.delete(
      '/nodes/:node',
      {
        schema: {
          tags,
          summary: 'Remove a node and its history',
          params: NodeParams,
          headers: IfMatchHeaders,
          response: { 204: Type.Null({ description: 'It is gone.' }) },
        },
      },
      async (request, reply) => {
        const node = findNode(registry, request.params.node);
        if (request.headers['if-match'] === undefined) return needsIfMatch(reply, node);
        await registry.remove(node.id, expectedVersion(node, request.headers['if-match']));
        return reply.code(204).send(null);
      },
    );
  };
}

export function needsIfMatch(reply: FastifyReply, node: Node): FastifyReply {
  return sendProblem(reply.header('etag', entityTag(node)), {
    status: 428,
    code: 'version-needed',
    detail: 'A change names the version of the node that it was made for.',
    mend: 'Send the ETag that you read as If-Match; or If-Match: * for whatever version there is.',
  });
}

/** The version that the registry has to find when the change has its turn; undefined for any. */
export function expectedVersion(node: Node, ifMatch: string): number | undefined {
  const tags = tagsOf(ifMatch);
  if (tags.includes('*')) return undefined;
  if (tags.map(recordTag).includes(entityTag(node))) return node.version;
  throw new VersionMismatch(
    `${node.name} was changed meanwhile: its version is ${node.version}.`,
    [],
    'Read the node again and repeat the change if it still makes sense.',
  );
}

/** Strong ones only: a weak one (W/) never matches here. */
function tagsOf(header: string | undefined): string[] {
  return (header ?? '').split(',').map((tag) => tag.trim());
}

/** Index of the first name behind `after`, which need not be there any more. */
function firstAfter(names: readonly string[], after: string | undefined): number {
  if (after === undefined) return 0;
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}
