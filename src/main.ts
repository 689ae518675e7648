import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { createApi } from './api/api.ts';
import { ensureToken } from './api/first-token.ts';
import { TOKEN_SETTING } from './api/token.ts';
import { reportFailure } from './cli/failure.ts';
import { createHostFacts } from './config/host-facts.ts';
import { loadConfig } from './config/load.ts';
import { nodeOptionProblems } from './config/node-options.ts';
import { restartNeeded } from './config/reloadable.ts';
import { HostRefused, InvalidInput, type Problem } from './domain/errors.ts';
import { formatIpv4 } from './domain/ipv4.ts';
import type { Store } from './domain/ports.ts';
import type { Settings } from './domain/settings.ts';
import { Turns } from './domain/turns.ts';
import { combineSinks, nameSubjects } from './lifecycle/event-bus.ts';
import { checkNode } from './lifecycle/node-checks.ts';
import { createNodeRegistry } from './lifecycle/node-registry.ts';
import { createTimeline } from './lifecycle/timeline.ts';
import { createEventLog } from './log/event-log.ts';
import { createLogger } from './log/logger.ts';
import { tellRefusedReload, tellWarnings } from './log/tell.ts';
import { createHostNetwork } from './net/host-network.ts';
import { type InterfaceWatch, watchInterfaces } from './net/interfaces.ts';
import { loadLibc } from './net/libc.ts';
import { createFileSender } from './net/sendfile.ts';
import { createSystemClock } from './net/system-clock.ts';
import { createBootService } from './services/boot/boot-service.ts';
import { createDhcpService } from './services/dhcp/dhcp-service.ts';
import { LeaseTable } from './services/dhcp/lease-table.ts';
import { reloadAll, type Service, startAll, stopAll } from './services/service-group.ts';
import { createTftpService } from './services/tftp/tftp-service.ts';
import { openSqliteStore } from './store/sqlite-store.ts';

const VERSION: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

/** What a stop may take: systemd and container runtimes kill after 10 s. */
const STOP_LIMIT_MS = 8_000;

/**
 * Runs the daemon until SIGTERM or SIGINT.
 *
 * @throws InvalidInput for a wrong configuration, HostRefused for what the host does not give; nothing serves then
 */
export async function serve(configPath: string): Promise<void> {
  let isHungUp = false;
  // From here on it would end the process; a reload that comes during the start is made after it.
  let hangUp = () => {
    isHungUp = true;
  };
  process.on('SIGHUP', () => hangUp());
  const { settings, warnings } = loadConfig(configPath, createHostFacts(), 'start');
  const logger = createLogger(settings.log);
  tellWarnings(logger, configPath, warnings);
  const store = await openSqliteStore({
    dataDir: settings.dataDir,
    onFailure: (error) => logger.fatal({ mend: error.mend }, error.message),
  });
  try {
    const daemon = await compose(configPath, settings, store, logger);
    await daemon.start();
    hangUp = () => void daemon.reload().catch((error: unknown) => tellRefusedReload(logger, configPath, error));
    if (isHungUp) hangUp();
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => void daemon.stop(signal).catch((error: unknown) => endBadly(logger, error)));
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Daemon {
  start(): Promise<void>;
  reload(): Promise<readonly Problem[]>;
  stop(why: string): Promise<void>;
}

async function compose(configPath: string, initial: Settings, store: Store, logger: Logger): Promise<Daemon> {
  let settings = initial;
  const startedAt = Date.now();
  const snapshot = await store.load();
  const clock = createSystemClock();
  const timeline = createTimeline({ clock });
  const events = combineSinks(createEventLog(logger, clock), timeline);
  const libc = loadLibc();
  const network = createHostNetwork(libc);
  const fileSender = createFileSender();
  const commit = store.commit.bind(store);

  const nodes = createNodeRegistry({
    nodes: snapshot.nodes,
    commit,
    clock,
    events,
    checkNode: (node) => [
      ...checkNode(node, settings),
      ...nodeOptionProblems(node.options, settings.dhcp.customOptions),
    ],
  });
  const leases = new LeaseTable(snapshot.leases, clock);
  const boot = createBootService({
    settings,
    nodes,
    leases,
    clock,
    events,
    ...(fileSender === undefined ? {} : { fileSender }),
  });
  const dhcp = createDhcpService({ settings, network, clock, nodes, leases, policy: boot.policy, commit, events });
  const tftp = createTftpService({
    settings,
    network,
    clock,
    files: boot.files,
    events: nameSubjects(events, (address) => boot.subjectAt(address)),
  });
  const servers = [boot, tftp, dhcp];

  let tokenHash = await ensureToken(store, snapshot, settings.dataDir, events);
  const api = createApi({
    registry: nodes,
    leases,
    timeline,
    clock,
    events,
    version: VERSION,
    tokenHash: () => tokenHash,
    reload: () => reload(),
    status: () => ({
      startedAt,
      interfaces: settings.interfaces.map(({ name, address, dhcp: mode }) => ({
        name,
        address: formatIpv4(address),
        dhcp: mode,
      })),
      nodes: nodes.size,
      residentBytes: process.memoryUsage.rss(),
      counters: { dhcp: dhcp.statistics(), tftp: tftp.statistics(), http: boot.statistics() },
    }),
  });
  // DHCP comes last: a machine that gets an address finds everything else open.
  const services: readonly Service[] = [
    {
      start: () => api.listen(settings.api.listen),
      reload: (next) => api.relisten(next.api.listen),
      stop: () => api.close(),
    },
    ...servers,
  ];
  /** Two reloads at the same time (the API's and a signal's) would leave some services with the one's settings. */
  const turns = new Turns();
  let isStopping = false;
  /** The same one through start and reloads: what changes meanwhile would be missed by one that begins afterwards. */
  let watch: InterfaceWatch | undefined;

  /** All of the new file comes into force, or none of it. */
  const takeUp = async (): Promise<readonly Problem[]> => {
    const next = loadConfig(configPath, createHostFacts());
    const obstacles = restartNeeded(settings, next.settings);
    if (obstacles.length > 0) throw new InvalidInput(`${configPath} needs a restart`, obstacles);
    const storedHash = await store.setting(TOKEN_SETTING);
    await reloadAll(services, next.settings, settings);
    settings = next.settings;
    tokenHash = storedHash ?? tokenHash;
    logger.level = settings.log.level;
    const orphans = [...nodes.all()].flatMap((node) => checkNode(node, settings));
    const warnings = [...next.warnings, ...orphans, ...(await boot.checkAssets())];
    tellWarnings(logger, configPath, warnings);
    logger.info(`${configPath} is in force`);
    return warnings;
  };

  const reload = async () => {
    if (isStopping) throw new HostRefused('podboot is stopping', 'It reads its configuration when it starts again.');
    return await turns.take(takeUp);
  };

  return {
    reload,
    async start() {
      if (libc.libc === undefined)
        logger.warn({ type: 'host.no-libc' }, `sockets can't be bound to an interface: ${libc.reason}`);
      watch = watchInterfaces(
        () => settings.interfaces.map(({ name }) => name),
        clock,
        (name) => void turns.take(() => Promise.allSettled(servers.map((server) => server.interfaceChanged(name)))),
      );
      try {
        await turns.take(() => startAll(services));
      } catch (error) {
        // Its timer would keep the process alive.
        watch.stop();
        throw error;
      }
      tellWarnings(logger, configPath, await boot.checkAssets());
      const where = [...settings.interfaces.map((each) => `${each.name} ${formatIpv4(each.address)} (${each.dhcp})`)];
      logger.info({ api: api.addresses() }, `podboot ${VERSION} serves ${where.join(', ')}; API on ${api.addresses()}`);
    },
    async stop(why) {
      logger.info(`${why}: stopping`);
      setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
      isStopping = true;
      watch?.stop();
      await turns.take(() => stopAll(services));
      await store.close();
      logger.info('stopped; every lease that was acknowledged is on disk');
      logger.flush();
    },
  };
}

/** What was acknowledged is on disk whatever goes wrong at the end. */
function endBadly(logger: Logger, error: unknown): void {
  logger.error(`the stop did not go well: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { config: { type: 'string', default: '/etc/podboot/podboot.yaml' } } });
  await serve(values.config).catch((error: unknown) => {
    process.exitCode = reportFailure(error);
  });
}
