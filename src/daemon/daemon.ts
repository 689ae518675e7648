import type { Logger } from 'pino';
import { createHostFacts } from '../config/host-facts.ts';
import { loadConfig } from '../config/load.ts';
import { restartNeeded } from '../config/reloadable.ts';
import { HostRefused, InvalidInput, type Problem } from '../domain/errors.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { Clock } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { Turns } from '../domain/turns.ts';
import { tellWarnings } from '../log/tell.ts';
import { type InterfaceWatch, watchInterfaces } from '../net/interfaces.ts';
import type { ServiceManager } from '../net/service-manager.ts';
import { reloadAll, type Service, startAll, stopAll } from './service-group.ts';

/** What a stop may take: systemd and container runtimes kill after 10 s. */
const STOP_LIMIT_MS = 8_000;

/** A service with sockets of its own on the configured interfaces. */
export interface Server extends Service {
  interfaceChanged(name: string): Promise<void>;
}

export interface DaemonParts {
  readonly version: string;
  readonly configPath: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Hears when it is ready, reloads and stops. */
  readonly manager: ServiceManager;
  /** How many nodes and leases there are, for its status. */
  readonly census: () => string;
  /** False: only a restart helps; the watchdog is fed no more. */
  readonly isAlive: () => boolean;
  /** In the order in which they start. */
  readonly services: readonly Service[];
  readonly servers: readonly Server[];
  /** What is in force; a reload replaces it. */
  readonly current: { settings: Settings };
  /** Reads what a reload takes up beside the file, before anything has changed; what it returns puts that in force. */
  readonly prepareReload: () => Promise<() => void>;
  /** What was found that does not keep it from running: missing boot files, nodes that no longer fit. */
  readonly warnings: (occasion: 'start' | 'reload') => Promise<readonly Problem[]>;
  readonly apiAddresses: () => readonly string[];
  /** After the last service has stopped, and where the start was refused. */
  readonly closeStore: () => Promise<void>;
}

/** Start, reload, stop: one at a time, each of them whole or not at all. */
export class Daemon {
  readonly #parts: DaemonParts;
  /** Two reloads at the same time (the API's and a signal's) would leave some services with the one's settings. */
  readonly #turns = new Turns();
  /** The same one through start and reloads: what changes meanwhile would be missed by one that begins afterwards. */
  #watch: InterfaceWatch | undefined;
  #isStopping = false;
  #hasStarted = false;
  /** Why the last reload was refused. */
  #refusal: string | undefined;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
  }

  /** @throws HostRefused; nothing listens then */
  async start(): Promise<void> {
    const { current, clock, servers, services, logger, configPath, version, manager, isAlive } = this.#parts;
    this.#watch = watchInterfaces(
      () => current.settings.interfaces.map(({ name }) => name),
      clock,
      (name) => void this.#turns.take(() => Promise.allSettled(servers.map((server) => server.interfaceChanged(name)))),
    );
    try {
      await this.#turns.take(() => startAll(services));
    } catch (error) {
      // Their timers would keep the process alive.
      this.#watch.stop();
      await this.#parts.closeStore().catch(() => undefined);
      throw error;
    }
    tellWarnings(logger, configPath, await this.#parts.warnings('start'));
    const where = current.settings.interfaces.map((each) => `${each.name} ${formatIpv4(each.address)} (${each.dhcp})`);
    const api = this.#parts.apiAddresses();
    logger.info({ api }, `podboot ${version} serves ${where.join(', ')}; API on ${api}`);
    this.#hasStarted = true;
    manager.ready(this.#status());
    manager.feedWatchdog(() => (isAlive() ? this.#status() : undefined));
  }

  /** All its sockets are open, and no stop has begun. */
  get isServing(): boolean {
    return this.#hasStarted && !this.#isStopping;
  }

  /** All of the new file comes into force, or none of it. @throws InvalidInput, HostRefused */
  async reload(): Promise<readonly Problem[]> {
    if (this.#isStopping) {
      throw new HostRefused('podboot is stopping', 'It reads its configuration when it starts again.');
    }
    return await this.#turns.take(() => this.#reloadOnce());
  }

  async stop(why: string): Promise<void> {
    const { logger, manager } = this.#parts;
    logger.info(`${why}: stopping`);
    manager.stopping(`stopping (${why}): answers that wait for the disk first`);
    setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
    this.#isStopping = true;
    this.#watch?.stop();
    await this.#turns.take(() => stopAll(this.#parts.services));
    await this.#parts.closeStore();
    logger.info('stopped; every lease that was acknowledged is on disk');
    logger.flush();
  }

  async #reloadOnce(): Promise<readonly Problem[]> {
    const { manager } = this.#parts;
    manager.reloading();
    try {
      const warnings = await this.#takeUp();
      this.#refusal = undefined;
      return warnings;
    } catch (error) {
      this.#refusal = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      // Also where it was refused: the old configuration serves.
      manager.ready(this.#status());
    }
  }

  /** One line for `systemctl status`. */
  #status(): string {
    const { current, census } = this.#parts;
    const where = current.settings.interfaces.map((each) => `${each.name} ${formatIpv4(each.address)} (${each.dhcp})`);
    const refused = this.#refusal === undefined ? '' : `; the last reload was refused: ${this.#refusal}`;
    return `serves ${where.join(', ')}; ${census()}${refused}`;
  }

  async #takeUp(): Promise<readonly Problem[]> {
    const { configPath, current, services, logger } = this.#parts;
    const next = loadConfig(configPath, createHostFacts());
    const obstacles = restartNeeded(current.settings, next.settings);
    if (obstacles.length > 0) throw new InvalidInput(`${configPath} needs a restart`, obstacles);
    const putInForce = await this.#parts.prepareReload();
    await reloadAll(services, next.settings, current.settings);
    current.settings = next.settings;
    putInForce();
    logger.level = current.settings.log.level;
    const warnings = [...next.warnings, ...(await this.#parts.warnings('reload'))];
    tellWarnings(logger, configPath, warnings);
    logger.info(`${configPath} is in force`);
    return warnings;
  }
}
