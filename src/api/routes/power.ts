import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { BmcCare } from '../../power/bmc-care.ts';
import { isUefi } from '../../power/boot-order.ts';
import type { PowerService } from '../../power/power-service.ts';
import { selectedNodes } from '../node-selected.ts';
import { jobDetailView, powerView } from '../power-views.ts';
import {
  BootDeviceBody,
  BootDeviceView,
  IdentifyBody,
  JobDetailView,
  NodePowerBody,
  PowerListView,
  PowerQuery,
  PowerView,
} from '../schemas/power.ts';
import { findNode, NodeParams } from './nodes.ts';

const tags = ['power'];

/** Whether machines are on, and their power, boot device and light. */
export function powerRoutes(power: PowerService, care: BmcCare, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/power',
      {
        schema: {
          tags,
          summary: 'Whether the nodes that are asked for are on',
          querystring: PowerQuery,
          response: { 200: PowerListView },
        },
      },
      async (request) => {
        const { fresh, ...selection } = request.query;
        const nodes = selectedNodes(registry, selection);
        power.poller.want();
        const items = await Promise.all(
          nodes.map(async (node) => {
            const isAsked = fresh === 'true' && node.bmc !== undefined && node.bmc.driver !== 'none';
            const reading = isAsked ? await power.poller.read(node, 'job') : power.poller.known(node.id);
            return powerView(node, power, care, reading);
          }),
        );
        return { items };
      },
    );

    app.get(
      '/nodes/:node/power',
      {
        schema: {
          tags,
          summary: 'Whether a node is on, by its BMC now',
          params: NodeParams,
          response: { 200: PowerView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const isAsked = node.bmc !== undefined && node.bmc.driver !== 'none';
        const reading = isAsked ? await power.poller.read(node, 'person') : undefined;
        return powerView(node, power, care, reading);
      },
    );

    app.post(
      '/nodes/:node/power',
      {
        schema: {
          tags,
          summary: 'Power one node on, off, or through a cycle: a job of its own',
          params: NodeParams,
          body: NodePowerBody,
          response: { 202: JobDetailView },
        },
      },
      async (request, reply) => {
        const node = findNode(registry, request.params.node);
        const record = await power.jobs.submit([node], request.body);
        return reply.code(202).header('location', `/api/v1/jobs/${record.job.id}`).send(jobDetailView(record));
      },
    );

    app.get(
      '/nodes/:node/boot-device',
      {
        schema: {
          tags,
          summary: 'What the BMC says that the node boots from next',
          params: NodeParams,
          response: { 200: BootDeviceView },
        },
      },
      async (request) => power.bootOverride(findNode(registry, request.params.node)),
    );

    app.put(
      '/nodes/:node/boot-device',
      {
        schema: {
          tags,
          summary: 'Say what the node boots from, once or for ever; answers what the BMC reads then',
          params: NodeParams,
          body: BootDeviceBody,
          response: { 200: BootDeviceView },
        },
      },
      async (request) => {
        const node = findNode(registry, request.params.node);
        const { device, persistent, uefi = isUefi(node), by, reason } = request.body;
        const who = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
        return power.setBootOverride(node, { device, persistent, uefi }, who);
      },
    );

    app.post(
      '/nodes/:node/identify',
      {
        schema: {
          tags,
          summary: 'Let the node’s light show where it stands',
          params: NodeParams,
          body: IdentifyBody,
          response: { 200: IdentifyBody },
        },
      },
      async (request) => {
        await power.identify(findNode(registry, request.params.node), request.body.seconds);
        return request.body;
      },
    );
  };
}
