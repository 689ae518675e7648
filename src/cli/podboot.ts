import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { reportFailure } from './failure.ts';
import { registerServe } from './serve.ts';

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
// A daemon runs for months, and has no use for what the other commands load: 4 MB.
if (process.argv[2] !== 'serve') {
  const { registerCommands } = await import('./commands.ts');
  registerCommands(program);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else process.exitCode = reportFailure(error);
}
