import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, {
  type FastifyReply,
  type FastifyRequest,
  type InjectOptions,
  type LightMyRequestResponse,
} from 'fastify';
import type { AnswerPreviewer } from '../domain/answer-file.ts';
import type { AssetDirectory } from '../domain/asset.ts';
import type { Problem } from '../domain/errors.ts';
import type { Explainer } from '../domain/explanation.ts';
import type { ClusterSettings } from '../domain/hand-off.ts';
import type { Clock, EventSink, LeaseDirectory } from '../domain/ports.ts';
import type { ListenAddress } from '../domain/settings.ts';
import type { Discovery } from '../lifecycle/discovery/discovery.ts';
import type { LifeControl } from '../lifecycle/node-actions.ts';
import type { NodeRegistry } from '../lifecycle/registry-port.ts';
import type { Timeline } from '../lifecycle/timeline.ts';
import type { BmcCare } from '../power/bmc-care.ts';
import type { ConsoleHub } from '../power/console/console-hub.ts';
import type { PowerService } from '../power/power-service.ts';
import type { OwnerControl } from '../runners/owner/owner-desk.ts';
import type { KnownHosts } from '../runners/ssh/known-hosts.ts';
import { createAuthentication } from './authentication.ts';
import { ConsoleSockets, registerWebSockets } from './console-sockets.ts';
import { EventStreams } from './event-streams.ts';
import { registerIdempotency } from './idempotency.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import { lazySchemas, type SchemaController } from './lazy-schemas.ts';
import { Listeners } from './listeners.ts';
import { openApiDocument, registerOpenApi } from './openapi.ts';
import { createErrorHandler, sendProblem } from './problems.ts';
import { assetRoutes } from './routes/assets.ts';
import { bmcRoutes } from './routes/bmc.ts';
import { consoleRoutes } from './routes/consoles.ts';
import { type DaemonStatus, daemonRoutes } from './routes/daemon.ts';
import { deploymentRoutes } from './routes/deployments.ts';
import { discoveredRoutes } from './routes/discovered.ts';
import { documentationRoutes } from './routes/documentation.ts';
import { eventRoutes } from './routes/events.ts';
import { explainRoutes } from './routes/explain.ts';
import { handOffRoutes } from './routes/hand-off.ts';
import { type HealthReport, healthRoutes, probeRoutes } from './routes/health.ts';
import { type InventoryRooms, inventoryRoutes } from './routes/inventory.ts';
import { jobRoutes } from './routes/jobs.ts';
import { leaseRoutes } from './routes/leases.ts';
import { lifeRoutes } from './routes/lives.ts';
import { type MetricsText, metricsRoutes } from './routes/metrics.ts';
import { nodeBulkRoutes } from './routes/node-bulk.ts';
import { nodeImportRoutes } from './routes/node-import.ts';
import { nodeReplaceRoutes } from './routes/node-replace.ts';
import { nodeSelectionRoutes } from './routes/node-selection.ts';
import { nodeRoutes } from './routes/nodes.ts';
import { ownerRoutes } from './routes/owners.ts';
import { powerRoutes } from './routes/power.ts';
import { renderRoutes } from './routes/render.ts';
import { type RunRooms, runRoutes } from './routes/runs.ts';
import { type PodRooms, serviceRoutes } from './routes/services.ts';
import { sshRoutes } from './routes/ssh.ts';
import { timelineRoutes } from './routes/timelines.ts';
import { isAuthorized } from './token.ts';

export interface ApiOptions {
  /** How schemas are compiled: each at its first use, unless told. */
  readonly schemas?: SchemaController;
  readonly registry: NodeRegistry;
  readonly lives: LifeControl;
  readonly power: PowerService;
  readonly handOff: RunRooms & InventoryRooms;
  readonly clusters: () => readonly ClusterSettings[];
  readonly owners: OwnerControl;
  readonly knownHosts: Pick<KnownHosts, 'of' | 'forget'>;
  readonly pod: PodRooms;
  readonly consoles: ConsoleHub;
  readonly care: BmcCare;
  readonly discovery: Discovery;
  readonly leases: LeaseDirectory;
  readonly assets: AssetDirectory;
  readonly explainer: Explainer;
  readonly previewer: AnswerPreviewer;
  readonly timeline: Timeline;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly version: string;
  /** SHA-256 of the token in force, in hex. */
  readonly tokenHash: () => string;
  /** Of the token that opens /metrics alone; undefined: there is none. */
  readonly metricsTokenHash: () => string | undefined;
  readonly health: () => HealthReport;
  readonly metrics: () => Promise<MetricsText>;
  readonly reload: () => Promise<readonly Problem[]>;
  readonly status: () => DaemonStatus;
}

export interface Api {
  /** @throws HostRefused; nothing listens then */
  listen(addresses: readonly ListenAddress[]): Promise<void>;
  /** Other addresses after a reload; those that stay are not interrupted. @throws HostRefused; the old ones stay then */
  relisten(addresses: readonly ListenAddress[]): Promise<void>;
  /** As `podboot --api` takes them. */
  addresses(): string[];
  close(): Promise<void>;
  /** Its OpenAPI document, as JSON. */
  document(): Promise<string>;
  /** A request without a socket, for tests. */
  inject(request: InjectOptions): Promise<LightMyRequestResponse>;
}

/** An interface description with 64 interfaces and every option has some 50 kB. */
const BODY_LIMIT_BYTES = 1024 * 1024;
/** A client identifier of 255 bytes in hexadecimal, behind `cid:`; most routes take less. */
const MAX_PARAMETER_CHARACTERS = 514;

/**
 * The HTTP API under /api/v1. Every request needs the bearer token; an unknown key is refused, not dropped; errors are
 * application/problem+json (RFC 9457) with every problem at once.
 */
export function createApi(options: ApiOptions): Api {
  const { events } = options;
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    logger: false,
    schemaController: options.schemas ?? lazySchemas(),
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS, caseSensitive: true },
    ajv: {
      customOptions: {
        // What is sent is what is meant: nothing is converted, dropped or filled in.
        removeAdditional: false,
        coerceTypes: false,
        useDefaults: false,
        allErrors: true,
        verbose: true,
        allowUnionTypes: true,
      },
    },
    frameworkErrors: (error, request, reply) =>
      void answerUnroutable(error, request as FastifyRequest, reply as FastifyReply),
  }).withTypeProvider<TypeBoxTypeProvider>();

  const authenticate = createAuthentication(app, options);
  const answerError = createErrorHandler(events);
  app.addHook('onRequest', authenticate);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, {
      status: 404,
      code: 'not-found',
      detail: `There is no ${request.method} ${shortened(request.url)}.`,
      mend: 'GET /docs/json describes every route; they are under /api/v1.',
    }),
  );
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
  });
  registerIdempotency(app, options.idempotencyKeys);
  app.addHook('onResponse', async (request, reply) => {
    if (!events.wantsDebug) return;
    const text = `API: ${request.method} ${shortened(request.url)} → ${reply.statusCode}`;
    events.emit({ type: 'api.request', level: 'debug', subject: {}, text });
  });
  app.removeContentTypeParser('text/plain');
  app.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );

  registerOpenApi(app, options.version);
  registerWebSockets(app);
  const document = async () => {
    await app.ready();
    return openApiDocument(app);
  };
  const prefix = '/api/v1';
  app.register(documentationRoutes(document));
  app.register(nodeRoutes(options.registry, options.lives), { prefix });
  app.register(lifeRoutes(options.lives, options.registry), { prefix });
  app.register(nodeBulkRoutes(options.registry), { prefix });
  app.register(nodeImportRoutes(options.registry), { prefix });
  app.register(nodeReplaceRoutes(options.registry), { prefix });
  app.register(nodeSelectionRoutes(options.registry), { prefix });
  const { power, care } = options;
  app.register(powerRoutes(power, care, options.registry), { prefix });
  app.register(jobRoutes(power, options.registry), { prefix });
  app.register(bmcRoutes(power, care, options.registry), { prefix });
  const sockets = new ConsoleSockets(options.consoles, options.clock, (authorization) =>
    isAuthorized(authorization, options.tokenHash()),
  );
  app.register(consoleRoutes(options.consoles, options.registry, sockets), { prefix });
  app.register(renderRoutes(options.previewer, options.registry), { prefix });
  app.register(discoveredRoutes(options.discovery, options.clock), { prefix });
  app.register(runRoutes(options.handOff), { prefix });
  app.register(inventoryRoutes(options.handOff, options.registry, options.leases), { prefix });
  app.register(handOffRoutes(options.handOff, options.clusters, options.registry), { prefix });
  app.register(ownerRoutes(options.owners, options.registry), { prefix });
  app.register(sshRoutes(options.knownHosts, events), { prefix });
  app.register(serviceRoutes(options.pod), { prefix });
  app.register(deploymentRoutes(options.pod), { prefix });
  app.register(leaseRoutes(options.leases, options.registry), { prefix });
  app.register(timelineRoutes(options.timeline, options.registry), { prefix });
  const streams = new EventStreams(options.timeline, options.clock);
  app.register(
    eventRoutes({
      timeline: options.timeline,
      registry: options.registry,
      streams,
      isAuthorized: (authorization) => isAuthorized(authorization, options.tokenHash()),
    }),
    { prefix },
  );
  app.register(assetRoutes(options.assets), { prefix });
  app.register(explainRoutes(options.explainer, options.registry), { prefix });
  app.register(daemonRoutes(options), { prefix });
  app.register(healthRoutes(options.health), { prefix });
  app.register(probeRoutes(options.health));
  app.register(metricsRoutes(options.metrics));

  /** A URL that can't be decoded comes past the hooks: it needs the token like every other. */
  async function answerUnroutable(error: Error, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if ((await authenticate(request, reply)) === undefined) answerError(error, request, reply);
  }

  const listeners = new Listeners(
    (request, response) => app.routing(request, response),
    options.clock,
    (...upgrade) => app.server.emit('upgrade', ...upgrade),
  );
  async function listen(addresses: readonly ListenAddress[]): Promise<void> {
    await app.ready();
    await listeners.listen(addresses);
    for (const address of addresses) warnOfClearText(address, events);
  }

  return {
    listen,
    relisten: listen,
    addresses: () => listeners.addresses(),
    // async: Fastify's own waits for its first `then` before it starts.
    inject: async (request) => app.inject(request),
    document,
    async close() {
      streams.close();
      sockets.close();
      await listeners.close();
      await app.close();
    },
  };
}

function warnOfClearText(address: ListenAddress, events: EventSink): void {
  if (
    'socketPath' in address ||
    address.host === '::1' ||
    address.host.startsWith('127.') ||
    address.host === 'localhost'
  ) {
    return;
  }
  events.emit({
    type: 'api.clear-text',
    level: 'warn',
    subject: {},
    text: `The API listens at ${address.host} without TLS: whoever sees the traffic sees the token`,
    mend: 'Put a reverse proxy with TLS before it, or listen at 127.0.0.1 and use SSH.',
    throttle: address.host,
  });
}

function shortened(url: string): string {
  return url.length > 128 ? `${url.slice(0, 127)}…` : url;
}
