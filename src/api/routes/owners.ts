import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { InvalidInput, PodbootError } from '../../domain/errors.ts';
import type { Node } from '../../domain/node.ts';
import type { OwnerChange } from '../../domain/schedulers.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { OwnerControl, OwnerRequest } from '../../runners/owner/owner-desk.ts';
import { selectedNodes } from '../node-selected.ts';
import {
  OwnerAnswersView,
  type OwnerAnswerView,
  OwnerAskQuery,
  OwnerBody,
  OwnerChangesView,
  type OwnerChangeView,
  OwnerListView,
  OwnerQuery,
  OwnerView,
} from '../schemas/owner.ts';
import { findNode, NodeParams } from './nodes.ts';

const tags = ['owners'];
/** Each is asked of both schedulers. */
const MAX_NODES = 1_000;
const WAIT_SECONDS = 3_600;

/** Who may use which node: Kubernetes, Slurm or nobody. */
export function ownerRoutes(owners: OwnerControl, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/nodes/:node/owner',
      {
        schema: {
          tags,
          summary: 'Who owns a node, as both schedulers see it, and how its hand-over goes',
          params: NodeParams,
          response: { 200: OwnerView },
        },
      },
      async (request) => ownerView(owners, findNode(registry, request.params.node)),
    );

    app.get(
      '/owners',
      {
        schema: { tags, summary: 'The same of many nodes', querystring: OwnerQuery, response: { 200: OwnerListView } },
      },
      async (request) => ({
        items: await Promise.all(
          bounded(selectedNodes(registry, request.query)).map((node) => ownerView(owners, node)),
        ),
      }),
    );

    app.get(
      '/owner-changes',
      {
        schema: {
          tags,
          summary: 'The last hand-over of many nodes, or the one under way; no scheduler is asked',
          querystring: OwnerQuery,
          response: { 200: OwnerChangesView },
        },
      },
      async (request) => ({
        items: selectedNodes(registry, request.query).flatMap((node) => {
          const change = owners.change(node.id);
          return change === undefined ? [] : [{ node: node.name, ...changeView(change) }];
        }),
      }),
    );

    app.post(
      '/owners',
      {
        schema: {
          tags,
          summary: 'Give nodes to Kubernetes, to Slurm or to nobody; a refusal of one leaves the others',
          querystring: OwnerAskQuery,
          body: OwnerBody,
          response: { 202: OwnerAnswersView },
        },
      },
      async (request, reply) => {
        const { dryRun, ...query } = request.query;
        const nodes = bounded(selectedNodes(registry, query));
        const asked = ownerRequest(request.body);
        const items = await Promise.all(nodes.map((node) => answer(owners, node, asked, dryRun === 'true')));
        return reply.code(202).send({ items });
      },
    );
  };
}

function bounded(nodes: readonly Node[]): readonly Node[] {
  if (nodes.length <= MAX_NODES) return nodes;
  throw new InvalidInput(`That are ${nodes.length} nodes; at most ${MAX_NODES} at once.`, []);
}

function ownerRequest({ to, by, force = false, waitSeconds = WAIT_SECONDS }: OwnerBody): OwnerRequest {
  return { to, by, force, waitMs: waitSeconds * 1_000 };
}

async function answer(
  owners: OwnerControl,
  node: Node,
  request: OwnerRequest,
  dryRun: boolean,
): Promise<OwnerAnswerView> {
  try {
    const { change, ...said } = await owners.ask(node, request, dryRun);
    return { node: node.name, ...said, ...(change === undefined ? {} : { change: changeView(change) }) };
  } catch (error) {
    if (!(error instanceof PodbootError)) throw error;
    const { message, mend } = error;
    return { node: node.name, outcome: 'refused', text: message, ...(mend === undefined ? {} : { mend }) };
  }
}

async function ownerView(owners: OwnerControl, node: Node): Promise<OwnerView> {
  const { owner, schedulers, change } = await owners.show(node);
  return {
    node: node.name,
    owner,
    schedulers: schedulers.map(({ name, view, trouble }) => ({
      name,
      ...(trouble === undefined ? {} : { trouble }),
      ...(view === undefined
        ? {}
        : {
            state: view.words,
            isOpen: view.isOpen,
            isReady: view.isReady,
            ...(view.label === undefined ? {} : { label: view.label }),
          }),
    })),
    ...(change === undefined ? {} : { change: changeView(change) }),
  };
}

function changeView(change: OwnerChange): OwnerChangeView {
  const { from, to, stage, by, force, startedAt, since, deadlineAt, endedAt, waitsFor, trouble, mend } = change;
  const text = (at: number) => new Date(at).toISOString();
  return {
    ...{ from, to, stage, by, force },
    ...{ startedAt: text(startedAt), since: text(since), deadlineAt: text(deadlineAt) },
    ...(endedAt === undefined ? {} : { endedAt: text(endedAt) }),
    ...(waitsFor === undefined ? {} : { waitsFor: [...waitsFor] }),
    ...(trouble === undefined ? {} : { trouble }),
    ...(mend === undefined ? {} : { mend }),
  };
}
