import type { Command } from 'commander';

/** `podboot start` and `podboot serve`. Rooms are loaded when they are needed: `podboot nodes` should not open a store. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('run the daemon with a configuration')
    .requiredOption('-c, --config <file>', 'the configuration', '/etc/podboot/podboot.yaml')
    .action(async (options: { config: string }) => {
      const { serve } = await import('../main.ts');
      await serve(options.config);
    });
  program
    .command('start')
    .description('run the daemon with --config FILE; without one, rehearse on a private network')
    .option('-c, --config <file>', 'the configuration')
    .option('--nodes <count>', 'simulated nodes of the rehearsal', '6')
    .option('--once', 'end the rehearsal when its nodes are through')
    .action(async (options: { config?: string; nodes: string; once?: boolean }) => {
      if (options.config !== undefined) {
        const { serve } = await import('../main.ts');
        await serve(options.config);
        return;
      }
      await program.parseAsync(
        ['rehearse', '--nodes', options.nodes, ...(options.once === true ? ['--once'] : [])],
        { from: 'user' },
      );
    });
}
