import { type Api, createApi } from '../api/api.ts';
import { IdempotencyKeys } from '../api/idempotency-keys.ts';
import type { HealthReport } from '../api/routes/health.ts';
import { createAssetDirectory } from '../assets/asset-directory.ts';
import { locateInFile } from '../config/locate.ts';
import type { Problem } from '../domain/errors.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { Clock, EventSink, Store, StoreSnapshot } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { createExplainer } from '../explain/explainer.ts';
import type { Discovery } from '../lifecycle/discovery/discovery.ts';
import { NodeActions } from '../lifecycle/node-actions.ts';
import type { NodeRegistry } from '../lifecycle/registry-port.ts';
import type { Timeline } from '../lifecycle/timeline.ts';
import type { Exposition } from '../metrics/exposition.ts';
import type { ConsoleHub } from '../power/console/console-hub.ts';
import type { PowerService } from '../power/power-service.ts';
import { createAnswerPreviewer } from '../profiles/answer-preview.ts';
import type { ProfileRenderer } from '../profiles/answer-renderer.ts';
import type { OwnerControl } from '../runners/owner/owner-desk.ts';
import type { KnownHosts } from '../runners/ssh/known-hosts.ts';
import type { BootService } from '../services/boot/boot-service.ts';
import type { DhcpService } from '../services/dhcp/dhcp-service.ts';
import type { LeaseTable } from '../services/dhcp/lease-table.ts';
import type { PodDeployment } from './deployments.ts';
import type { HandOff } from './hand-off.ts';
import type { HealthCheck } from './health.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface DaemonApiParts {
  readonly configPath: string;
  readonly version: string;
  readonly startedAt: number;
  readonly current: { readonly settings: Settings };
  readonly store: Store;
  readonly documents: StoreSnapshot['documents'];
  readonly clock: Clock;
  readonly events: EventSink;
  readonly timeline: Timeline;
  readonly nodes: NodeRegistry;
  readonly leases: LeaseTable;
  readonly discovery: Discovery;
  readonly lifecycle: Lifecycle;
  readonly handOff: HandOff;
  readonly owners: OwnerControl;
  readonly knownHosts: KnownHosts;
  readonly pod: PodDeployment;
  readonly power: PowerService;
  readonly consoles: ConsoleHub;
  readonly boot: BootService;
  readonly dhcp: DhcpService;
  readonly renderer: ProfileRenderer;
  readonly tokenHash: () => string;
  readonly metricsTokenHash: () => string | undefined;
  readonly health: () => readonly HealthCheck[];
  readonly metrics: () => Promise<Exposition>;
  readonly reload: () => Promise<readonly Problem[]>;
  readonly serverCounters: () => Readonly<Record<string, Record<string, number>>>;
}

/** The API before all the rooms, with what only it asks of them: explanations, previews, assets in use, the status. */
export function createDaemonApi(parts: DaemonApiParts): Api {
  const { current, store, clock, events, timeline, nodes, leases, discovery, lifecycle, power, consoles, boot, dhcp } =
    parts;
  const { book } = lifecycle;
  return createApi({
    registry: nodes,
    lives: new NodeActions({
      book,
      registry: nodes,
      diagnose: (node) => lifecycle.diagnosisOf(node),
      free: (former) => dhcp.free(former),
      commit: store.commit.bind(store),
    }),
    power,
    handOff: parts.handOff,
    owners: parts.owners,
    knownHosts: parts.knownHosts,
    pod: parts.pod,
    clusters: () => current.settings.clusters ?? [],
    consoles,
    care: power.care,
    discovery,
    assets: createAssetDirectory({
      folder: () => current.settings.assetsDir,
      boot: () => current.settings.boot,
      nodes: () =>
        [...nodes.all()].map(({ id, name, boot: { profile } }) => ({
          name,
          profiles: [profile, ...book.profilesInUse(id)],
        })),
    }),
    leases,
    explainer: createExplainer({
      settings: () => current.settings,
      nodes,
      leases,
      dhcp,
      boot,
      configFile: parts.configPath,
      locator: () => locateInFile(parts.configPath),
    }),
    previewer: createAnswerPreviewer({
      settings: () => current.settings.boot,
      renderer: parts.renderer,
      origin: () => originOf(current.settings),
    }),
    timeline,
    idempotencyKeys: new IdempotencyKeys({ store, clock, known: parts.documents.request ?? [] }),
    clock,
    events,
    version: parts.version,
    tokenHash: parts.tokenHash,
    metricsTokenHash: parts.metricsTokenHash,
    metrics: parts.metrics,
    health: () => reportOf(parts.health()),
    reload: parts.reload,
    status: () => ({
      startedAt: parts.startedAt,
      interfaces: current.settings.interfaces.map(({ name, address, dhcp: mode }) => ({
        name,
        address: formatIpv4(address),
        dhcp: mode,
      })),
      nodes: nodes.size,
      residentBytes: process.memoryUsage.rss(),
      counters: {
        dhcp: dhcp.statistics(),
        ...parts.serverCounters(),
        http: boot.statistics(),
        install: book.statistics(),
        power: power.statistics(),
        console: consoles.statistics(),
        timeline: timeline.statistics(),
        discovery: discovery.statistics(),
      },
    }),
  });
}

function reportOf(checks: readonly HealthCheck[]): HealthReport {
  return {
    isAlive: checks.every(({ ok, isVital }) => ok || !isVital),
    isReady: checks.every(({ ok }) => ok),
    checks: checks.map(({ isVital, ...check }) => check),
  };
}

/** As the nodes of the first interface that serves HTTP see it; for what is shown to people. */
function originOf({ interfaces, http }: Settings): string {
  const served = interfaces.find((each) => each.http) ?? interfaces[0];
  const host = served === undefined ? '127.0.0.1' : formatIpv4(served.address);
  return `http://${host}${http.port === 80 ? '' : `:${http.port}`}`;
}
