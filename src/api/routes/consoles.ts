import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { NodeRegistry } from '../../lifecycle/registry-port.ts';
import type { ConsoleHub } from '../../power/console/console-hub.ts';
import type { ConsoleSockets } from '../console-sockets.ts';
import { sendProblem } from '../problems.ts';
import { ConsoleQuery, ConsoleView, RecordingListView, RecordingParams, RecordingQuery } from '../schemas/console.ts';
import { findNode, NodeParams } from './nodes.ts';

const tags = ['consoles'];
const description =
  'Upgraded to a WebSocket it is the console itself. Binary messages from here are what the machine says, binary messages to ' +
  'here are typed (64 kB each at most). Text messages are JSON. From here: `type` (opened, waiting, lost, writer, refused, ' +
  'dropped, ended), `text` for people, and by type `writer`, `sizeBytes`, `retryMs`, `mend`. To here: {"type":"break"}, ' +
  '{"type":"write"} or {"type":"write","takeOver":true} to become the writer. A request that is not upgraded answers how the ' +
  'console stands, or why it could not be opened so. A page of another origin is refused.';

/** Consoles as they are, and what was recorded of them. */
export function consoleRoutes(
  consoles: ConsoleHub,
  registry: NodeRegistry,
  sockets: ConsoleSockets,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/nodes/:node/console',
      schema: {
        tags,
        summary: 'The console of a node: a WebSocket',
        description,
        params: NodeParams,
        querystring: ConsoleQuery,
        response: { 200: ConsoleView },
      },
      // Before the upgrade, so that a refusal is an answer like any other.
      preHandler: async (request, reply) => {
        const { origin, host } = request.headers;
        if (origin !== undefined && !isOwn(origin, host)) {
          return sendProblem(reply, {
            status: 403,
            code: 'foreign-origin',
            detail: 'This page is not podboot’s own.',
            mend: 'Open the console from where podboot itself is served.',
          });
        }
        const node = findNode(registry, request.params.node);
        const { mode = 'read', takeOver } = request.query;
        consoles.mayJoin(node, { mode, takeOver: takeOver === 'true' });
        if (!sockets.isFull) return undefined;
        return sendProblem(reply.header('retry-after', '10'), {
          status: 503,
          code: 'too-many-consoles',
          detail: `${sockets.size} consoles are read already.`,
          mend: 'Close one.',
        });
      },
      handler: async (request) => {
        const node = findNode(registry, request.params.node);
        return { node: node.name, ...consoles.standing(node) };
      },
      wsHandler: (socket, request) => {
        const { node: named } = request.params as { node: string };
        const { mode = 'read', takeOver, by = 'somebody' } = request.query as ConsoleQuery;
        sockets.open(socket, {
          node: findNode(registry, named),
          name: by,
          mode,
          takeOver: takeOver === 'true',
          authorization: request.headers.authorization,
        });
      },
    });

    app.get(
      '/nodes/:node/consoles',
      {
        schema: {
          tags,
          summary: 'What was recorded of a node’s console, latest first',
          params: NodeParams,
          response: { 200: RecordingListView },
        },
      },
      async (request) => {
        const recordings = await consoles.transcripts(findNode(registry, request.params.node));
        return {
          items: recordings.map(({ startedAt, changedAt, ...rest }) => ({
            ...rest,
            startedAt: new Date(startedAt).toISOString(),
            changedAt: new Date(changedAt).toISOString(),
          })),
        };
      },
    );

    app.get(
      '/nodes/:node/consoles/:id',
      {
        schema: {
          tags,
          summary: 'One recording, byte for byte, with its escape sequences',
          params: RecordingParams,
          querystring: RecordingQuery,
          produces: ['text/plain'],
          response: { 200: Type.String({ description: 'What the machine said.' }) },
        },
      },
      async (request, reply) => {
        const node = findNode(registry, request.params.node);
        const bytes = await consoles.transcript(node, request.params.id, request.query.times === 'true');
        return reply
          .type('text/plain; charset=utf-8')
          .serializer(asItIs)
          .send(bytes as unknown as string);
      },
    );
  };
}

/** Bytes that are no UTF-8 stay what they are. */
function asItIs(bytes: unknown): string {
  return bytes as string;
}

/** RFC 6455 section 10.2: a browser says which page it is that opens the socket. */
function isOwn(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host;
}
