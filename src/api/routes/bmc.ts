import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { BmcCare } from '../../power/bmc-care.ts';
import { logPositionOf, logPositionText } from '../../power/log-reading.ts';
import type { PowerService } from '../../power/power-service.ts';
import { iso } from '../power-views.ts';
import {
  BmcLogQuery,
  BmcLogView,
  BmcTestView,
  CredentialsBody,
  CredentialsListView,
  InventoryView,
  RawBody,
  RawView,
  RotateBody,
  RotateView,
} from '../schemas/power.ts';
import { findNode, NodeParams } from './nodes.ts';

const tags = ['bmc'];
const SetParams = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64, description: 'Name of a set of credentials.' }),
});
const DEFAULT_LOG_LIMIT = 100;

/** BMCs themselves: whether they can be used, what they know, and with which passwords. */
export function bmcRoutes(power: PowerService, care: BmcCare, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/nodes/:node/bmc/test',
      {
        schema: {
          tags,
          summary: 'Whether a node’s BMC can be used, and what is in the way',
          params: NodeParams,
          response: { 200: BmcTestView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        return { node: node.name, findings: [...(await care.test(node))] };
      },
    );

    app.get(
      '/nodes/:node/bmc/inventory',
      {
        schema: {
          tags,
          summary: 'What a BMC says that its machine is, held against the node',
          params: NodeParams,
          response: { 200: InventoryView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const { inventory, findings } = await care.inventory(node);
        return { node: node.name, ...inventory, findings: [...findings] };
      },
    );

    app.get(
      '/nodes/:node/bmc/log',
      {
        schema: {
          tags,
          summary: 'The event log of a node’s BMC, oldest first',
          params: NodeParams,
          querystring: BmcLogQuery,
          response: { 200: BmcLogView },
        },
      },
      async (request) => {
        const { since = '0', limit } = request.query;
        const node = findNode(registry, request.params.node);
        const count = limit === undefined ? DEFAULT_LOG_LIMIT : Number(limit);
        const { entries, ...log } = await power.log(node, logPositionOf(since), count);
        return {
          items: entries.map(({ timeSeconds, ...entry }) => ({
            ...entry,
            position: logPositionText({ id: entry.id, ...log }),
            ...(timeSeconds === undefined ? {} : { at: iso(timeSeconds * 1_000) }),
          })),
        };
      },
    );

    app.post(
      '/nodes/:node/bmc/raw',
      {
        schema: {
          tags,
          summary: 'Send a BMC an IPMI command as it stands, once; who sends it is in the timeline',
          params: NodeParams,
          body: RawBody,
          response: { 200: RawView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const { data = [], ...rest } = request.body;
        const answer = await power.raw(node, { ...rest, data });
        return { node: node.name, ...answer, data: Buffer.from(answer.data).toString('hex') };
      },
    );

    app.get(
      '/bmc/credentials',
      {
        schema: {
          tags,
          summary: 'Names of the sets of credentials; nothing more is ever shown of them',
          response: { 200: CredentialsListView },
        },
      },
      async () => ({
        items: power.vault.list().map(({ changedAt, ...rest }) => ({ ...rest, changedAt: iso(changedAt) })),
      }),
    );

    app.put(
      '/bmc/credentials/:name',
      {
        schema: {
          tags,
          summary: 'Store a set of credentials, sealed',
          params: SetParams,
          body: CredentialsBody,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        await power.setCredentials(request.params.name, request.body);
        return reply.code(204).send(null);
      },
    );

    app.delete(
      '/bmc/credentials/:name',
      { schema: { tags, summary: 'Forget a set of credentials', params: SetParams, response: { 204: Type.Null() } } },
      async (request, reply) => {
        await power.vault.remove(request.params.name);
        return reply.code(204).send(null);
      },
    );

    app.post(
      '/bmc/credentials/:name/rotate',
      {
        schema: {
          tags,
          summary: 'Change the password on every BMC that has the set, and in the store',
          params: SetParams,
          body: RotateBody,
          response: { 200: RotateView },
        },
      },
      async (request) => {
        const outcomes = await power.rotation.rotate(request.params.name, [...registry.all()], request.body.password);
        return {
          isDone: outcomes.every(({ outcome }) => outcome === 'changed'),
          items: outcomes.map(({ node, ...rest }) => ({ node: node.name, ...rest })),
        };
      },
    );
  };
}
