import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { type Api, createApi } from '../../src/api/api.ts';
import { IdempotencyKeys } from '../../src/api/idempotency-keys.ts';
import type { SchemaController } from '../../src/api/lazy-schemas.ts';
import type { HealthReport } from '../../src/api/routes/health.ts';
import { newToken } from '../../src/api/token.ts';
import { type BmcDriver, BmcError } from '../../src/bmc/driver.ts';
import type { BmcTarget } from '../../src/bmc/registry.ts';
import { createPodDeployment, type PodDeployment } from '../../src/daemon/deployments.ts';
import { createHandOff, type HandOff } from '../../src/daemon/hand-off.ts';
import type { AnswerPreviewer } from '../../src/domain/answer-file.ts';
import type { AssetSummary } from '../../src/domain/asset.ts';
import { NotFound, type Problem } from '../../src/domain/errors.ts';
import type { BootEvent } from '../../src/domain/events.ts';
import type { Explainer } from '../../src/domain/explanation.ts';
import type { ClusterSettings } from '../../src/domain/hand-off.ts';
import type { KeptRequest } from '../../src/domain/kept-request.ts';
import type { Lease } from '../../src/domain/lease.ts';
import type { LeaseDirectory, StoreChange } from '../../src/domain/ports.ts';
import type { DiscoveryRule, DiscoverySettings } from '../../src/domain/settings.ts';
import { createDiscovery, type Discovery } from '../../src/lifecycle/discovery/discovery.ts';
import { combineSinks } from '../../src/lifecycle/event-bus.ts';
import { LifeBook } from '../../src/lifecycle/life-book.ts';
import { NodeActions } from '../../src/lifecycle/node-actions.ts';
import { createNodeRegistry } from '../../src/lifecycle/node-registry.ts';
import type { NodeRegistry } from '../../src/lifecycle/registry-port.ts';
import { createTimeline, type Timeline } from '../../src/lifecycle/timeline.ts';
import { ConsoleHub } from '../../src/power/console/console-hub.ts';
import { PowerService } from '../../src/power/power-service.ts';
import { OwnerDesk } from '../../src/runners/owner/owner-desk.ts';
import type { OwnerWorld } from '../../src/runners/owner/owner-step.ts';
import { KnownHosts } from '../../src/runners/ssh/known-hosts.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { FakeClock } from '../harness/clock.ts';
import { lifecycleSettings } from '../harness/lifecycle-settings.ts';
import { NO_SSH, PROFILES } from '../lifecycle/life/house.ts';
import { powerSettings } from '../power/power-settings.ts';
import { podSettings } from '../services/dhcp/pod.ts';

/** The API on a registry and a timeline of its own, without a socket. */
export class ApiFixture {
  readonly clock = new FakeClock();
  readonly events: BootEvent[] = [];
  readonly store: MemoryStore;
  readonly timeline: Timeline;
  readonly registry: NodeRegistry;
  readonly api: Api;
  readonly book: LifeBook;
  readonly discovery: Discovery;
  readonly power: PowerService;
  readonly consoles: ConsoleHub;
  readonly handOff: HandOff;
  readonly pod: PodDeployment;
  readonly owners: OwnerDesk;
  readonly knownHosts: KnownHosts;
  ownerWorld: OwnerWorld = { schedulers: [], label: async () => {} };
  clusters: readonly ClusterSettings[] = [];
  createDriver: (name: string, target: BmcTarget) => BmcDriver = () => {
    throw new BmcError('unreachable', 'nothing is there');
  };
  discoveryRules: readonly DiscoveryRule[] = [];
  leases: Lease[] = [];
  assets: AssetSummary[] = [];
  token: string;
  hash: string;
  metricsHash: string | undefined;
  health: HealthReport = { isAlive: true, isReady: true, checks: [] };
  reload: () => Promise<readonly Problem[]> = async () => [];
  preview: AnswerPreviewer['preview'] = () => ({ profile: 'none', kind: 'live', files: [] });
  explain: Explainer['explain'] = () => Promise.reject(new NotFound('There is nothing to explain.'));
  commit: (batch: readonly StoreChange[]) => Promise<void> = (batch) => this.store.commit(batch);

  /** @param known requests with an Idempotency-Key, as a start finds them */
  constructor(
    known: readonly KeptRequest[] = [],
    store = new MemoryStore(),
    consoleFolder?: string,
    schemas?: SchemaController,
  ) {
    this.store = store;
    this.timeline = createTimeline({
      store,
      clock: this.clock,
      log: { wantsDebug: false, emit: (event) => void this.events.push(event) },
    });
    ({ token: this.token, hash: this.hash } = newToken());
    const events = combineSinks(this.timeline, { wantsDebug: true, emit: (event) => void this.events.push(event) });
    this.registry = createNodeRegistry({
      nodes: [],
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      events,
      checkNode: (node) =>
        node.group === 'missing' ? [{ path: 'group', message: 'There is no such group.', mend: 'Add it.' }] : [],
    });
    const leases: LeaseDirectory = {
      byAddress: (address) => this.leases.find((lease) => lease.address === address),
      byKey: (key) => this.leases.find((lease) => lease.key === key),
      all: () => this.leases,
    };
    const rules = () => this.discoveryRules;
    const discoverySettings: DiscoverySettings = {
      identify: 'when-needed',
      get rules() {
        return rules();
      },
    };
    this.discovery = createDiscovery({
      settings: { ...podSettings(), discovery: discoverySettings },
      machines: [],
      registry: this.registry,
      leases,
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      events,
      isDestructive: () => false,
    });
    this.book = new LifeBook({
      documents: {},
      nodes: this.registry,
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      told: events,
      events,
      settings: () => lifecycleSettings(),
      profiles: { profile: (name) => PROFILES[name] },
      renderer: { render: () => [{ name: 'preseed.cfg', contentType: 'text/plain', text: 'answers' }] },
      effects: [],
      hostKeyProbe: NO_SSH,
      subjectAt: (address) => ({ address }),
      diagnose: async () => ({ code: 'late', text: 'it is late' }),
    });
    const power = new PowerService({
      documents: {},
      nodes: this.registry,
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      events,
      settings: () => powerSettings(),
      standing: {
        reserved: (node) => (this.book.life(node).state === 'maintenance' ? 'it is in maintenance' : undefined),
        awaitsBoot: () => true,
        hasBooted: () => false,
        bootDeadlineMs: () => 60_000,
      },
      readKey: () => 'k'.repeat(32),
      createDriver: async (name, target) => this.createDriver(name, target),
      leasedAddress: () => undefined,
      look: { hostAnswers: async () => false, ipmi: async () => undefined, certificate: async () => undefined },
    });
    this.power = power;
    this.consoles = new ConsoleHub({
      use: (node, isPerson, act) => power.fleet.run(node, isPerson ? 'person' : 'job', act),
      nodes: this.registry,
      clock: this.clock,
      random: () => 0.5,
      events,
      settings: () => ({ record: 'always', keep: 10 }),
      folder: consoleFolder,
      isBooting: () => true,
      bootDeadlineMs: () => 600_000,
    });
    this.knownHosts = new KnownHosts(`${consoleFolder ?? '/nonexistent'}/known_hosts`);
    this.handOff = createHandOff({
      documents: {},
      nodes: this.registry,
      leases,
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      events,
      commands: { run: async () => ({ end: 'not-run', because: 'no programs here', stdout: '', stderr: '' }) },
      knownHosts: this.knownHosts,
      settings: () => ({ ...podSettings(), dataDir: consoleFolder ?? '/nonexistent', clusters: this.clusters }),
      book: () => this.book,
      gate: { check: async () => new Map() },
      planService: (...plan) => this.pod.planService(...plan),
    });
    this.owners = new OwnerDesk({
      changes: [],
      world: () => this.ownerWorld,
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      events,
    });
    this.pod = createPodDeployment({
      documents: {},
      nodes: this.registry,
      commit: (batch) => this.commit(batch),
      clock: this.clock,
      events,
      commands: { run: async () => ({ end: 'not-run', because: 'no programs here', stdout: '', stderr: '' }) },
      settings: () => ({ ...podSettings(), dataDir: consoleFolder ?? '/nonexistent', clusters: this.clusters }),
      book: () => this.book,
      gate: { check: async () => new Map() },
      handOff: this.handOff,
    });
    this.api = createApi({
      ...(schemas === undefined ? {} : { schemas }),
      registry: this.registry,
      power,
      consoles: this.consoles,
      handOff: this.handOff,
      owners: this.owners,
      knownHosts: this.knownHosts,
      pod: this.pod,
      clusters: () => this.clusters,
      care: power.care,
      lives: new NodeActions({
        book: this.book,
        registry: this.registry,
        diagnose: async (node) => ({ code: 'late', text: `${node.name} is late`, mend: 'Look at it.', evidence: [] }),
        free: () => ({ changes: [] }),
        commit: (batch) => this.commit(batch),
      }),
      discovery: this.discovery,
      leases,
      assets: { folder: '/var/lib/podboot/assets', list: () => this.assets },
      previewer: { preview: (node, profile) => this.preview(node, profile) },
      explainer: { explain: (question) => this.explain(question) },
      timeline: this.timeline,
      idempotencyKeys: new IdempotencyKeys({
        store: { commit: (batch) => this.commit(batch), document: this.store.document.bind(this.store) },
        clock: this.clock,
        known,
      }),
      clock: this.clock,
      events,
      version: '1.2.3',
      tokenHash: () => this.hash,
      metricsTokenHash: () => this.metricsHash,
      health: () => this.health,
      metrics: async () => ({ contentType: 'text/plain', text: async () => 'podboot_build_info 1\n' }),
      reload: () => this.reload(),
      status: () => ({
        startedAt: this.clock.now(),
        interfaces: [{ name: 'eno2', address: '10.77.0.1', dhcp: 'authoritative' }],
        nodes: this.registry.size,
        residentBytes: 1,
        counters: { dhcp: { offers: 2 } },
      }),
    });
  }

  /** With the token, unless headers say otherwise. `path` is below /api/v1. */
  call(
    method: NonNullable<InjectOptions['method']>,
    path: string,
    payload?: object | string,
    headers: Record<string, string> = {},
  ): Promise<LightMyRequestResponse> {
    return this.api.inject({
      method,
      url: path.startsWith('//') ? path.slice(1) : `/api/v1${path}`,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { payload }),
    });
  }

  async enrol(name: string, number: number): Promise<LightMyRequestResponse> {
    return this.call('POST', '/nodes', nodeBody(name, number));
  }
}

export function nodeBody(name: string, number: number) {
  const suffix = number.toString(16).padStart(4, '0');
  return {
    name,
    interfaces: [
      {
        name: 'eno1',
        role: 'boot',
        mac: `52:54:00:77:${suffix.slice(0, 2)}:${suffix.slice(2)}`,
        address: `10.77.${number >>> 8}.${number & 255}`,
      },
    ],
  };
}

/** A problem+json answer as its status, code and the paths of its problems. */
export function problemOf(response: LightMyRequestResponse): {
  status: number;
  code: string;
  paths: string[];
  text: string;
} {
  const body = response.json<{ status: number; code: string; problems?: { path: string }[] }>();
  return {
    status: body.status,
    code: body.code,
    paths: (body.problems ?? []).map((problem) => problem.path),
    text: response.body,
  };
}
