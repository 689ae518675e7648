import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { clientIdKey, macKey } from '../../domain/lease.ts';
import { parseMac } from '../../domain/mac.ts';
import { DAEMON_OWNER, type EventOwner, ownersOfNode } from '../../domain/stored-event.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { Timeline } from '../../lifecycle/timeline.ts';
import { eventPage, invalid } from '../event-pages.ts';
import { pageOf } from '../schemas/page.ts';
import { TimelineEntryView, TimelinePageQuery, TimelineQuery } from '../schemas/timeline.ts';
import { findNode, NodeParams } from './nodes.ts';

const tags = ['events'];
const response = { 200: pageOf(TimelineEntryView) };

/** Oldest first. */
export function timelineRoutes(timeline: Timeline, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/nodes/:node/timeline',
      {
        schema: {
          tags,
          summary: 'The steps of a node, oldest first, with those before it was enrolled',
          params: NodeParams,
          querystring: TimelinePageQuery,
          response,
        },
      },
      async (request) =>
        await eventPage(timeline, ownersOfNode(findNode(registry, request.params.node)), request.query),
    );

    app.get(
      '/timeline',
      {
        schema: {
          tags,
          summary: 'The daemon’s own events, or the steps of a machine that is not enrolled',
          querystring: TimelineQuery,
          response,
        },
      },
      async (request) => await eventPage(timeline, [ownerNamed(request.query)], request.query),
    );
  };
}

function ownerNamed({ mac, clientId }: { readonly mac?: string; readonly clientId?: string }): EventOwner {
  if (mac !== undefined) {
    const known = parseMac(mac);
    if (known === undefined) throw invalid('?mac', 'It is no MAC address.', 'Write it as 52:54:00:77:00:01.');
    return { kind: 'stranger', name: macKey(known) };
  }
  return clientId === undefined ? DAEMON_OWNER : { kind: 'stranger', name: clientIdKey(clientId) };
}
