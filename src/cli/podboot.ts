import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { registerImport } from '../dgxie/cli.ts';
import { registerRehearse } from '../rehearsal/cli.ts';
import { registerAssets } from './assets.ts';
import { registerBmc } from './bmc.ts';
import { registerCheckConfig } from './check-config.ts';
import { registerConsole } from './console.ts';
import { registerDiscovered } from './discovered.ts';
import { registerEvents } from './events.ts';
import { registerExplain } from './explain.ts';
import { reportFailure } from './failure.ts';
import { registerInit } from './init.ts';
import { registerJobs } from './jobs.ts';
import { registerLives } from './lives.ts';
import { registerNodes } from './nodes.ts';
import { registerPower } from './power.ts';
import { registerRender } from './render.ts';
import { registerServe } from './serve.ts';
import { registerToken } from './token.ts';

const manifest: { version: string; description: string } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

const program = new Command('podboot')
  .description(manifest.description)
  .version(manifest.version)
  .showSuggestionAfterError()
  .showHelpAfterError('(podboot --help lists the commands)')
  .exitOverride();

registerServe(program);
registerRehearse(program);
registerInit(program);
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
registerExplain(program);
registerRender(program);
registerAssets(program);
registerToken(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else process.exitCode = reportFailure(error);
}
