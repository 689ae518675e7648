import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { NotFound } from '../../domain/errors.ts';
import type { ClusterSettings } from '../../domain/hand-off.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { clusterView, resultView } from '../run-views.ts';
import { AcceptBody, ClusterView, HandOffResultView, RetryBody } from '../schemas/run.ts';
import { findNode, NodeParams } from './nodes.ts';
import type { RunRooms } from './runs.ts';

const tags = ['hand-off'];
const ClusterParams = Type.Object({ cluster: Type.String({ minLength: 1, maxLength: 63, description: 'Its name.' }) });
const Clusters = Type.Object({ items: Type.Array(ClusterView) });
const Results = Type.Object({ items: Type.Array(HandOffResultView) });

/** Who waits to be handed over, and what came of those who were. */
export function handOffRoutes(
  { desk }: RunRooms,
  clusters: () => readonly ClusterSettings[],
  registry: NodeRegistry,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    const views = () => clusters().map((cluster) => clusterView(cluster, desk.book.queue(cluster.name), registry));

    app.get(
      '/clusters',
      { schema: { tags, summary: 'Clusters, and who waits for a run of each', response: { 200: Clusters } } },
      async () => ({ items: views() }),
    );

    app.post(
      '/clusters/:cluster/resume-hand-off',
      {
        schema: {
          tags,
          summary: 'Let the hand-off go on that stopped by itself; the next run is a canary again',
          params: ClusterParams,
          response: { 200: ClusterView },
        },
      },
      async (request) => {
        await desk.resume(request.params.cluster);
        const view = views().find(({ name }) => name === request.params.cluster);
        if (view === undefined) throw new NotFound(`There is no cluster ${request.params.cluster}.`);
        return view;
      },
    );

    app.get(
      '/hand-off-results',
      { schema: { tags, summary: 'The newest result of each node', response: { 200: Results } } },
      async () => ({ items: desk.book.results().map((result) => resultView(result, registry)) }),
    );

    app.get(
      '/nodes/:node/hand-off-result',
      {
        schema: {
          tags,
          summary: 'What its runner said of a node, and what its acceptance found',
          params: NodeParams,
          response: { 200: HandOffResultView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const result = desk.book.result(node.id);
        if (result === undefined)
          throw new NotFound(`${node.name} was not handed over yet.`, 'podboot hand-off status shows who waits.');
        return resultView(result, registry);
      },
    );

    app.post(
      '/hand-off-retries',
      {
        schema: {
          tags,
          summary: 'Hand nodes over once more, with the next run of their cluster',
          body: RetryBody,
          response: { 202: Clusters },
        },
      },
      async (request, reply) => {
        const nodes = request.body.nodes.map((name) => findNode(registry, name));
        await desk.retry(nodes, request.body.by);
        return reply.code(202).send({ items: views() });
      },
    );

    app.post(
      '/nodes/:node/accept',
      {
        schema: {
          tags,
          summary: 'Take a node as it is, whatever its runner or its acceptance found',
          params: NodeParams,
          body: AcceptBody,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        await desk.accept(findNode(registry, request.params.node), request.body.by, request.body.reason);
        return reply.code(204).send(null);
      },
    );
  };
}
