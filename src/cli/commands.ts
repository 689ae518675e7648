import type { Command } from 'commander';
import { registerImport } from '../dgxie/cli.ts';
import { registerRehearse } from '../rehearsal/cli.ts';
import { registerAssets } from './assets.ts';
import { registerBmc } from './bmc.ts';
import { registerCheckConfig } from './check-config.ts';
import { registerConsole } from './console.ts';
import { registerDeploy } from './deploy.ts';
import { registerDiscovered } from './discovered.ts';
import { registerEvents } from './events.ts';
import { registerExplain } from './explain.ts';
import { registerHandOff } from './hand-off.ts';
import { registerHealth } from './health.ts';
import { registerInit } from './init.ts';
import { registerInstallService } from './install-service.ts';
import { registerJobs } from './jobs.ts';
import { registerLives } from './lives.ts';
import { registerNodes } from './nodes.ts';
import { registerPower } from './power.ts';
import { registerRender } from './render.ts';
import { registerRuns } from './runs.ts';
import { registerServices } from './services.ts';
import { registerToken } from './token.ts';

/** Every command but those that run the daemon. */
export function registerCommands(program: Command): void {
  registerRehearse(program);
  registerInit(program);
  registerHealth(program);
  registerInstallService(program);
  registerImport(program);
  registerCheckConfig(program);
  registerNodes(program);
  registerDiscovered(program);
  registerEvents(program);
  registerLives(program);
  registerPower(program);
  registerJobs(program);
  registerBmc(program);
  registerConsole(program);
  registerRuns(program);
  registerHandOff(program);
  registerExplain(program);
  registerRender(program);
  registerAssets(program);
  registerServices(program);
  registerDeploy(program);
  registerToken(program);
}
