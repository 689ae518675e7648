import type { Command } from 'commander';
import { addRehearsalOptions, type RehearseOptions, runRehearsal } from '../rehearsal/cli.ts';

/** The rooms of the daemon are loaded when it runs: `podboot nodes` has no use for a store. */
async function serveFile(file: string): Promise<void> {
  const { serve } = await import('../main.ts');
  await serve(file);
}

/** `podboot serve`, and `podboot start`: what `npm start` calls. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the daemon with a configuration')
    .option('-c, --config <file>', 'the configuration', '/etc/podboot/podboot.yaml')
    .action((options: { config: string }) => serveFile(options.config));
  addRehearsalOptions(
    program
      .command('start')
      .description('run the daemon with --config FILE; without one, rehearse on a private network')
      .option('-c, --config <file>', 'the configuration'),
  ).action((options: RehearseOptions & { config?: string }) =>
    options.config === undefined ? runRehearsal(options) : serveFile(options.config),
  );
}
