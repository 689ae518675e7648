import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ensureToken } from '../api/first-token.ts';
import { METRICS_TOKEN_SETTING, TOKEN_SETTING } from '../api/token.ts';
import { DEFAULTS } from '../config/defaults.ts';
import { nodeOptionProblems } from '../config/node-options.ts';
import type { SshSettings } from '../domain/hand-off.ts';
import type { Node } from '../domain/node.ts';
import type { NodeState } from '../domain/node-life.ts';
import type { Store } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { createDiscovery } from '../lifecycle/discovery/discovery.ts';
import { combineSinks } from '../lifecycle/event-bus.ts';
import { checkNode } from '../lifecycle/node-checks.ts';
import { grantsEndWithHardware, leasesEndWithHardware } from '../lifecycle/node-hardware.ts';
import { createNodeRegistry } from '../lifecycle/node-registry.ts';
import { createTimeline } from '../lifecycle/timeline.ts';
import { createEventLog } from '../log/event-log.ts';
import type { StoreMeter } from '../metrics/store-meter.ts';
import { createChildCommands } from '../net/child-commands.ts';
import { createHostNetwork } from '../net/host-network.ts';
import { loadLibc } from '../net/libc.ts';
import { createFileSender } from '../net/sendfile.ts';
import type { ServiceManager } from '../net/service-manager.ts';
import { createSystemClock } from '../net/system-clock.ts';
import { ConsoleHub } from '../power/console/console-hub.ts';
import type { PowerService } from '../power/power-service.ts';
import { createProfileRenderer } from '../profiles/answer-renderer.ts';
import { LOCAL_PROFILE } from '../profiles/local.ts';
import { profileKind } from '../profiles/registry.ts';
import { installValueProblems } from '../profiles/values/check-install-values.ts';
import { createSecretReader } from '../profiles/values/secrets.ts';
import { createAcceptanceGate } from '../runners/acceptance/acceptance-gate.ts';
import { createHostKeyPins } from '../runners/ssh/host-key-pins.ts';
import { createHostKeyProbe } from '../runners/ssh/host-key-probe.ts';
import { KnownHosts } from '../runners/ssh/known-hosts.ts';
import { createSsh } from '../runners/ssh/ssh-client.ts';
import { type BootService, createBootService } from '../services/boot/boot-service.ts';
import { createDhcpService } from '../services/dhcp/dhcp-service.ts';
import { LeaseTable } from '../services/dhcp/lease-table.ts';
import { Daemon } from './daemon.ts';
import { createDaemonApi } from './daemon-api.ts';
import { createPodDeployment, type PodDeployment } from './deployments.ts';
import { createHandOff, type HandOff } from './hand-off.ts';
import { healthOf } from './health.ts';
import { createLifecycle } from './lifecycle.ts';
import { createMetrics, createObservers } from './metrics.ts';
import { createOtherServers } from './other-servers.ts';
import { createOwners, type Owners } from './owners.ts';
import { createPower } from './power.ts';
import { hostAddress, Schedulers } from './schedulers.ts';
import type { Service } from './service-group.ts';

/** What is recorded of a machine's console. */
const BOOTING: ReadonlySet<NodeState> = new Set(['powering', 'booting', 'installing']);

const VERSION: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;

export interface ComposeOptions {
  readonly configPath: string;
  readonly settings: Settings;
  readonly store: Store;
  readonly logger: Logger;
  readonly manager: ServiceManager;
  /** Of the store, which it watches. */
  readonly storeMeter: StoreMeter;
}

/** The one place that knows every room: makes each of them and gives it what it needs of the others. */
export async function compose(options: ComposeOptions): Promise<Daemon> {
  const { configPath, settings, store, logger, manager, storeMeter } = options;
  const current = { settings };
  const snapshot = await store.load();
  const clock = createSystemClock();
  const log = createEventLog(logger, clock);
  const observers = createObservers(clock, () => current.settings);
  const timeline = createTimeline({ store, clock, log });
  const told = combineSinks(
    log,
    { wantsDebug: false, emit: (event) => book.emit(event) },
    { wantsDebug: false, emit: (event) => power.emit(event) },
    { wantsDebug: false, emit: (event) => consoles.emit(event) },
    observers.stages,
    observers.warnings,
    { wantsDebug: false, emit: (event) => pins.emit(event) },
    { wantsDebug: false, emit: (event) => handOff.sink.emit(event) },
    { wantsDebug: false, emit: (event) => owners.sink.emit(event) },
  );
  const events = combineSinks(timeline, told);
  const libc = loadLibc();
  if (libc.libc === undefined)
    logger.warn({ type: 'host.no-libc' }, `sockets can't be bound to an interface: ${libc.reason}`);
  const network = createHostNetwork(libc);
  const fileSender = createFileSender();
  const commit = store.commit.bind(store);

  const nodes = createNodeRegistry({
    nodes: snapshot.nodes,
    commit,
    clock,
    events,
    checkNode: (node) => [
      ...checkNode(node, current.settings),
      ...nodeOptionProblems(node.options, current.settings.dhcp.customOptions),
      ...(node.install === undefined ? [] : installValueProblems(node.install, 'install')),
    ],
    companions: [
      leasesEndWithHardware({ free: (former) => dhcp.free(former) }),
      grantsEndWithHardware((nodeId, why) => book.dropped(nodeId, why)),
    ],
  });
  const leases = new LeaseTable(snapshot.leases, clock);
  const discovery = createDiscovery({
    settings,
    machines: snapshot.documents.machine ?? [],
    registry: nodes,
    leases,
    commit,
    clock,
    events,
    isDestructive,
  });
  const secrets = createSecretReader(process.env.CREDENTIALS_DIRECTORY);
  const renderer = createProfileRenderer({ settings: () => current.settings.boot, secrets });
  const power: PowerService = createPower({
    documents: snapshot.documents,
    nodes,
    leases,
    commit,
    clock,
    events,
    network,
    secrets,
    settings: () => current.settings,
    book: () => book,
  });
  const knownHosts = new KnownHosts(join(settings.dataDir, 'known_hosts'));
  const pins = createHostKeyPins({ knownHosts, nodes, hostKeysOf: (node) => book.life(node).hostKeys, events });
  const commands = createChildCommands();
  const ssh = createSsh(commands, knownHosts);
  const gate = createAcceptanceGate({
    ssh,
    clock,
    schedulerOf: (cluster) => schedulers.schedulerOf(cluster),
  });
  const handOff: HandOff = createHandOff({
    documents: snapshot.documents,
    nodes,
    leases,
    commit,
    clock,
    events,
    commands,
    knownHosts,
    settings: () => current.settings,
    book: () => book,
    gate,
    planService: (...plan) => pod.planService(...plan),
  });
  const schedulers: Schedulers = new Schedulers({
    settings: () => current.settings,
    clock,
    commands,
    ssh,
    nodes,
    addressOf: (node) => hostAddress(handOff.hostOf(node).address),
  });
  const owners: Owners = createOwners({ documents: snapshot.documents, nodes, schedulers, commit, clock, events });
  const pod: PodDeployment = createPodDeployment({
    documents: snapshot.documents,
    nodes,
    commit,
    clock,
    events,
    commands,
    settings: () => current.settings,
    book: () => book,
    gate,
    handOff,
    owners: owners.forPlans,
  });
  const lifecycle = createLifecycle({
    documents: snapshot.documents,
    nodes,
    told,
    clock,
    events,
    timeline,
    settings: () => current.settings,
    renderer,
    effects: [...power.effects, handOff.desk.effect],
    hostKeyProbe: createHostKeyProbe({
      commands,
      knownHosts,
      settings: (node) => sshSettingsOf(node, current.settings),
    }),
    subjectAt: (address) => boot.subjectAt(address),
  });
  const { book } = lifecycle;
  const consoles = new ConsoleHub({
    use: (node, isPerson, act) => power.fleet.run(node, isPerson ? 'person' : 'job', act),
    nodes,
    clock,
    random: Math.random,
    events,
    settings: () => current.settings.power?.console ?? DEFAULTS.console,
    folder: join(settings.dataDir, 'consoles'),
    isBooting: (node) => BOOTING.has(book.life(node).state) || power.jobs.isStarting(node.id),
    bootDeadlineMs: (node) => book.deadlines(node).booting,
  });
  const boot: BootService = createBootService({
    settings,
    nodes,
    leases,
    clock,
    events,
    lifecycle: lifecycle.forBoot,
    identification: discovery.identification,
    ...(fileSender === undefined ? {} : { fileSender }),
  });
  const dhcp = createDhcpService({
    settings,
    network,
    clock,
    nodes,
    leases,
    policy: boot.policy,
    commit,
    events,
    sightings: discovery.sightings,
  });
  const others = createOtherServers({
    settings,
    network,
    clock,
    events,
    nodes,
    leases,
    boot,
    isBeingInstalled: (nodeId) => book.isBeingInstalled(nodeId),
  });
  const servers = [boot, ...others.all, dhcp];

  const health = () =>
    healthOf({
      isServing: daemon.isServing,
      storeEnd: storeMeter.end,
      storeTrouble: storeMeter.trouble,
      pendingMs: storeMeter.pendingMs,
      dataDir: current.settings.dataDir,
    });
  const serverCounters = () => others.statistics();
  const rooms = { version: VERSION, nodes, leases, timeline, discovery, lifecycle, power, consoles, boot, dhcp };
  const metrics = createMetrics({
    ...rooms,
    observers,
    storeMeter,
    serverCounters,
    runs: () => handOff.runs.all(),
    health,
  });
  let metricsTokenHash = snapshot.settings.get(METRICS_TOKEN_SETTING);
  let tokenHash = await ensureToken(store, snapshot, settings.dataDir, events);
  const api = createDaemonApi({
    ...rooms,
    handOff,
    owners: owners.desk,
    knownHosts,
    pod,
    configPath,
    startedAt: Date.now(),
    current,
    store,
    documents: snapshot.documents,
    clock,
    events,
    renderer,
    tokenHash: () => tokenHash,
    metricsTokenHash: () => metricsTokenHash,
    health,
    metrics,
    reload: () => daemon.reload(),
    serverCounters,
  });
  const apiService: Service = {
    start: () => api.listen(settings.api.listen),
    reload: (next) => api.relisten(next.api.listen),
    stop: () => api.close(),
  };
  const lifecycleService: Service = { start: () => book.start(), reload: async () => {}, stop: () => book.stop() };
  const powerService: Service = { start: () => power.start(), reload: async () => {}, stop: () => power.stop() };
  const consoleService: Service = {
    start: async () => consoles.start(),
    reload: async () => consoles.start(),
    stop: () => consoles.stop(),
  };
  const orphans = () => [...nodes.all()].flatMap((node) => checkNode(node, current.settings));

  const daemon = new Daemon({
    version: VERSION,
    configPath,
    logger,
    clock,
    manager,
    isAlive: () => storeMeter.end === undefined,
    census: () => `${nodes.size} nodes, ${leases.counts().bound} leases`,
    // DHCP comes last: a machine that gets an address finds everything else open.
    services: [
      apiService,
      powerService,
      lifecycleService,
      handOff.service,
      owners.service,
      { start: async () => {}, reload: async () => {}, stop: async () => gate.close() },
      pod.service,
      consoleService,
      discovery,
      ...servers,
    ],
    servers,
    current,
    prepareReload: async () => {
      const stored = await store.setting(TOKEN_SETTING);
      const storedForMetrics = await store.setting(METRICS_TOKEN_SETTING);
      return () => {
        tokenHash = stored ?? tokenHash;
        metricsTokenHash = storedForMetrics ?? metricsTokenHash;
      };
    },
    warnings: async (occasion) => [...(occasion === 'start' ? [] : orphans()), ...(await boot.checkAssets())],
    apiAddresses: () => api.addresses(),
    closeStore: async () => {
      await timeline.close();
      await store.close();
    },
  });
  return daemon;
}

/** A profile that is not there, or is of a kind that is not known, may do anything. */
function isDestructive(name: string, { boot }: Settings): boolean {
  const profile = boot.profiles.get(name);
  if (profile === undefined) return name !== LOCAL_PROFILE;
  return profileKind(profile.kind)?.destructive(profile) ?? true;
}

/** Of the cluster that the node belongs to; whether it lets the user in does not matter for its host key. */
function sshSettingsOf({ roles }: Node, { clusters }: Settings): SshSettings {
  const own = clusters?.find((cluster) => cluster.roles.some((role) => roles.includes(role)));
  return own?.ssh ?? { user: 'root', port: 22 };
}
