import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { macKey } from '../../domain/lease.ts';
import { parseMac } from '../../domain/mac.ts';
import { type EventOwner, ownersOfNode, type StoredEvent } from '../../domain/stored-event.ts';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { Timeline } from '../../lifecycle/timeline.ts';
import { eventFilter, eventPage, sequenceNumber, startOf } from '../event-pages.ts';
import type { StreamEnd } from '../event-stream.ts';
import type { EventStreams } from '../event-streams.ts';
import { sendProblem } from '../problems.ts';
import {
  EventStreamHeaders,
  EventsQuery,
  NodeEventsQuery,
  streamOrPage,
  type TimelinePageQuery,
} from '../schemas/timeline.ts';
import { findNode, NodeParams } from './nodes.ts';

export interface EventRouteOptions {
  readonly timeline: Timeline;
  readonly registry: NodeRegistry;
  readonly streams: EventStreams;
  /** Whether this header bears the token that is in force now. */
  readonly isAuthorized: (authorization: string | undefined) => boolean;
}

/** Whose events, where not everybody's. */
interface Choice {
  readonly owners?: readonly EventOwner[];
  readonly concerns: (event: StoredEvent['event']) => boolean;
  readonly isGone: () => boolean;
}

const tags = ['events'];
const description =
  'A stream of server-sent events, or a page of JSON for “Accept: application/json”. A stream begins behind ' +
  'Last-Event-ID, `after` or `since`, and else with what happens from now on. Its message “event: end” says why it ends.';

/** Everything that happens, or what happens to one node, as it happens. */
export function eventRoutes({
  timeline,
  registry,
  streams,
  isAuthorized,
}: EventRouteOptions): FastifyPluginAsyncTypebox {
  async function answer(request: FastifyRequest, reply: FastifyReply, query: TimelinePageQuery, choice: Choice) {
    if (/\bapplication\/json\b/i.test(request.headers.accept ?? '')) {
      return await reply.send(await eventPage(timeline, choice.owners, query));
    }
    if (streams.isFull) {
      return sendProblem(reply.header('retry-after', '10'), {
        status: 503,
        code: 'too-many-streams',
        detail: `${streams.size} streams of events are open already.`,
        mend: 'Close one, or read pages: Accept: application/json.',
      });
    }
    const lastId = request.headers['last-event-id'];
    const resumed = lastId === undefined || lastId === '' ? undefined : sequenceNumber(String(lastId), 'Last-Event-ID');
    const isFromNow = query.after === undefined && query.since === undefined;
    const after = resumed ?? (isFromNow ? await lastNumber(timeline) : await startOf(timeline, query));
    reply.hijack();
    streams.open({
      response: reply.raw,
      filter: eventFilter(choice.owners, query),
      concerns: choice.concerns,
      after,
      obstacle: (): StreamEnd | undefined => {
        if (!isAuthorized(request.headers.authorization)) return 'token';
        return choice.isGone() ? 'node-removed' : undefined;
      },
    });
    return reply;
  }

  function ofNode(named: string): Choice {
    const { id } = findNode(registry, named);
    // What its interfaces do is told under the node's id from its enrolment on; before it there is only history.
    const owners = ownersOfNode(findNode(registry, named));
    return {
      owners,
      concerns: ({ subject }) => subject.nodeId === id,
      isGone: () => registry.byId(id) === undefined,
    };
  }

  /** Also a machine that is not enrolled, by its MAC address. */
  function ofMachine(named: string): Choice {
    const mac = parseMac(named);
    if (mac === undefined || registry.byMac(mac) !== undefined) return ofNode(named);
    const key = macKey(mac);
    return {
      owners: [{ kind: 'stranger', name: key }],
      concerns: ({ subject }) => subject.key === key,
      isGone: () => false,
    };
  }

  return async (app) => {
    app.get(
      '/events',
      {
        schema: {
          tags,
          summary: 'What happens, as it happens',
          description,
          headers: EventStreamHeaders,
          querystring: EventsQuery,
          response: streamOrPage,
        },
      },
      (request, reply) => {
        const { node, ...query } = request.query;
        const everybody: Choice = { concerns: () => true, isGone: () => false };
        return answer(request, reply, query, node === undefined ? everybody : ofMachine(node));
      },
    );

    app.get(
      '/nodes/:node/events',
      {
        schema: {
          tags,
          summary: 'What happens to a node, as it happens',
          description,
          params: NodeParams,
          headers: EventStreamHeaders,
          querystring: NodeEventsQuery,
          response: streamOrPage,
        },
      },
      (request, reply) => answer(request, reply, request.query, ofNode(request.params.node)),
    );
  };
}

async function lastNumber(timeline: Timeline): Promise<number> {
  return (await timeline.read({ owners: [], after: 0, limit: 1 })).last;
}
