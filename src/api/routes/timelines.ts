import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { InvalidInput } from '../../domain/errors.ts';
import { clientIdKey, macKey } from '../../domain/lease.ts';
import { parseMac } from '../../domain/mac.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { Timeline, TimelineEntry } from '../../lifecycle/timeline.ts';
import { type PageQuery, PageQuery as PageQuerySchema, pageLimit, pageOf } from '../schemas/page.ts';
import { TimelineEntryView, TimelineQuery } from '../schemas/timeline.ts';
import { timelineEntryView } from '../views.ts';
import { findNode, NodeParams } from './nodes.ts';

/** Oldest first; `after` is the `sequence` of the last entry that was read. */
export function timelineRoutes(timeline: Timeline, registry: NodeRegistry): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/nodes/:node/timeline',
      { schema: { params: NodeParams, querystring: PageQuerySchema, response: { 200: pageOf(TimelineEntryView) } } },
      async (request) => page(timeline.ofNode(findNode(registry, request.params.node)), request.query),
    );

    app.get(
      '/timeline',
      { schema: { querystring: TimelineQuery, response: { 200: pageOf(TimelineEntryView) } } },
      async (request) => {
        const { mac, clientId } = request.query;
        if (mac !== undefined) {
          const known = parseMac(mac);
          if (known === undefined) throw invalid('?mac', 'It is no MAC address.', 'Write it as 52:54:00:77:00:01.');
          return page(timeline.ofStranger(macKey(known)), request.query);
        }
        return page(
          clientId === undefined ? timeline.ofDaemon() : timeline.ofStranger(clientIdKey(clientId)),
          request.query,
        );
      },
    );
  };
}

function page(entries: readonly TimelineEntry[], query: PageQuery) {
  const after = query.after === undefined ? 0 : Number(query.after);
  if (!Number.isSafeInteger(after) || after < 0) {
    throw invalid('?after', 'It is no sequence number.', 'Use the `next` of the page before.');
  }
  const waiting = entries.filter((entry) => entry.sequence > after);
  const items = waiting.slice(0, pageLimit(query));
  const last = items.at(-1);
  const more = last !== undefined && items.length < waiting.length;
  return { items: items.map(timelineEntryView), ...(more ? { next: String(last.sequence) } : {}) };
}

function invalid(path: string, message: string, mend: string): InvalidInput {
  return new InvalidInput('The request was refused.', [{ path, message, mend }]);
}
