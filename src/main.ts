import { parseArgs } from 'node:util';
import type { Logger } from 'pino';
import { reportFailure } from './cli/failure.ts';
import { createHostFacts } from './config/host-facts.ts';
import { loadConfig } from './config/load.ts';
import { compose } from './daemon/compose.ts';
import { createLogger } from './log/logger.ts';
import { tellRefusedReload, tellWarnings } from './log/tell.ts';
import { StoreMeter } from './metrics/store-meter.ts';
import { loadLibc } from './net/libc.ts';
import { createServiceManager, type ServiceManager } from './net/service-manager.ts';
import { createSystemClock } from './net/system-clock.ts';
import { openSqliteStore } from './store/sqlite-store.ts';

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
  const manager = serviceManager();
  try {
    await run(configPath, manager, (reload) => {
      hangUp = reload;
      if (isHungUp) hangUp();
    });
  } catch (error) {
    // `systemctl status` has the reason, whatever became of the log.
    manager.status(`the start was refused: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

async function run(configPath: string, manager: ServiceManager, onReady: (reload: () => void) => void): Promise<void> {
  const { settings, warnings } = loadConfig(configPath, createHostFacts(), 'start');
  const logger = createLogger(settings.log);
  tellWarnings(logger, configPath, warnings);
  const storeMeter = new StoreMeter(createSystemClock());
  const store = await openSqliteStore({
    dataDir: settings.dataDir,
    onCommit: storeMeter.onCommit,
    onFailure: (error) => {
      storeMeter.ended(error);
      logger.fatal({ mend: error.mend }, error.message);
    },
  });
  try {
    const daemon = await compose({ configPath, settings, store, storeMeter, logger, manager });
    await daemon.start();
    onReady(() => void daemon.reload().catch((error: unknown) => tellRefusedReload(logger, configPath, error)));
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => void daemon.stop(signal).catch((error: unknown) => endBadly(logger, error)));
  } catch (error) {
    await store.close();
    throw error;
  }
}

function serviceManager(): ServiceManager {
  return createServiceManager({
    env: process.env,
    libc: loadLibc().libc,
    pid: process.pid,
    clock: createSystemClock(),
    monotonicMicroseconds: () => process.hrtime.bigint() / 1_000n,
    unreachable: (why) =>
      console.error(`podboot: systemd waits for a word that can't be sent to $NOTIFY_SOCKET: ${why}`),
  });
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
