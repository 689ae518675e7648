import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { InvalidInput } from '../../domain/errors.ts';
import type { Node } from '../../domain/node.ts';
import {
  type ActionRequest,
  actOnMany,
  type LifeControl,
  NODE_ACTIONS,
  type NodeAction,
} from '../../lifecycle/node-actions.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import { actionView, grantView, lifeView } from '../life-views.ts';
import { selectedNodes } from '../node-selected.ts';
import {
  ActionBody,
  ActionQuery,
  ActionView,
  BulkActionView,
  DiagnosisView,
  GrantView,
  LifeView,
} from '../schemas/life.ts';
import { PageQuery, pageLimit, pageOf } from '../schemas/page.ts';
import { timelineEntryView } from '../views.ts';
import { findNode, NodeParams } from './nodes.ts';

const tags = ['lifecycle'];
/** More at once would hold up others for seconds. */
const MAX_NODES = 5_000;

const ActionParam = Type.Unsafe<NodeAction>({
  type: 'string',
  enum: [...NODE_ACTIONS],
  description: 'What is to happen to it.',
});
const NodeActionParams = Type.Object({ node: NodeParams.properties.node, action: ActionParam });
const GrantQuery = Type.Object(
  {
    ...PageQuery.properties,
    state: Type.Optional(
      Type.String({ enum: ['armed', 'claimed', 'spent', 'revoked', 'expired'], description: 'In this state.' }),
    ),
  },
  { additionalProperties: false },
);

/** Where nodes are, what they were granted, why they are stuck; and what people do with one of them or many. */
export function lifeRoutes(control: LifeControl, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/nodes/:node/life',
      { schema: { tags, summary: 'Where a node is in its life', params: NodeParams, response: { 200: LifeView } } },
      async (request) => lifeView(control.life(findNode(registry, request.params.node))),
    );

    app.get(
      '/nodes/:node/diagnosis',
      {
        schema: {
          tags,
          summary: 'Why a node is where it is, and what to do next',
          params: NodeParams,
          response: { 200: DiagnosisView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const { code, text, mend, evidence } = await control.diagnosis(node);
        const life = lifeView(control.life(node));
        return { node: node.name, life, code, text, mend, evidence: evidence.map(timelineEntryView) };
      },
    );

    app.get(
      '/nodes/:node/grants',
      {
        schema: {
          tags,
          summary: 'The latest boot grants of a node',
          params: NodeParams,
          response: { 200: Type.Object({ items: Type.Array(GrantView) }) },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        return { items: control.grantsOf(node).map((grant) => grantView(grant, node.name)) };
      },
    );

    app.get(
      '/grants',
      {
        schema: {
          tags,
          summary: 'Boot grants of all nodes, by id',
          querystring: GrantQuery,
          response: { 200: pageOf(GrantView) },
        },
      },
      async (request) => {
        const { state, after = '' } = request.query;
        const limit = pageLimit(request.query);
        const all = [...control.grants()].filter(
          (grant) => (state === undefined || grant.state === state) && grant.id > after,
        );
        const sorted = all.sort((one, other) => (one.id < other.id ? -1 : 1));
        const page = sorted.slice(0, limit);
        const last = page.at(-1);
        const items = page.map((grant) => grantView(grant, registry.byId(grant.nodeId)?.name ?? grant.nodeId));
        return { items, ...(last !== undefined && sorted.length > limit ? { next: last.id } : {}) };
      },
    );

    app.post(
      '/nodes/:node/actions/:action',
      {
        schema: {
          tags,
          summary: 'Do something with one node, named by itself',
          params: NodeActionParams,
          body: ActionBody,
          response: { 200: ActionView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const asked = actionRequest(request.params.action, request.body, request.body.evenInMaintenance === true);
        return actionView(await control.act(node, asked), control);
      },
    );

    app.post(
      '/actions/:action',
      {
        schema: {
          tags,
          summary: 'Do something with all nodes that are asked for; a refusal of one leaves the others',
          params: Type.Object({ action: ActionParam }),
          querystring: ActionQuery,
          body: ActionBody,
          response: { 200: BulkActionView },
        },
      },
      async (request) => {
        const { dryRun: asked, ...selection } = request.query;
        const dryRun = asked === 'true';
        if (request.body.evenInMaintenance === true || request.body.version !== undefined) {
          throw new InvalidInput(
            'evenInMaintenance and version are for one node, named by itself.',
            [],
            'POST /nodes/{node}/actions/{action}',
          );
        }
        const nodes = selected(registry, control, selection);
        const outcomes = await actOnMany(
          control,
          nodes,
          actionRequest(request.params.action, request.body, false),
          dryRun,
        );
        return { dryRun, items: outcomes.map((outcome) => actionView(outcome, control)) };
      },
    );
  };
}

/** @throws InvalidInput */
function actionRequest(action: NodeAction, body: ActionBody, explicit: boolean): ActionRequest {
  const { by, reason, profile, expiresInSeconds, version } = body;
  if (action === 'install' && profile === undefined) {
    throw new InvalidInput('It does not say what to install.', [
      { path: '/profile', message: 'is missing', mend: 'Name a profile of podboot.yaml.' },
    ]);
  }
  return {
    action,
    by,
    explicit,
    ...(reason === undefined ? {} : { reason }),
    ...(profile === undefined ? {} : { profile }),
    ...(expiresInSeconds === undefined ? {} : { grantMs: expiresInSeconds * 1_000 }),
    ...(version === undefined ? {} : { expectedVersion: version }),
  };
}

/** @throws InvalidInput, NotFound */
function selected(
  registry: NodeRegistry,
  control: LifeControl,
  { state, ...query }: Omit<ActionQuery, 'dryRun'>,
): readonly Node[] {
  const isAlso = state === undefined ? undefined : (node: Node) => control.life(node).state === state;
  const found = selectedNodes(registry, query, isAlso);
  if (found.length > MAX_NODES)
    throw new InvalidInput(`That are ${found.length} nodes; at most ${MAX_NODES} at once.`, []);
  return found;
}
