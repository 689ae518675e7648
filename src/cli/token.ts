import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import { type Output, processOutput } from './output.ts';

interface TokenOptions {
  readonly config?: string;
  readonly dataDir?: string;
  readonly metrics?: boolean;
}

/** `podboot token new`: another token for the API, as whoever may write to the data folder. */
export function registerToken(program: Command, output: Output = processOutput): void {
  program
    .command('token')
    .description('the token of the API')
    .command('new')
    .description('make a new one in place of the old one, and show it once; a daemon that runs takes it up on reload')
    .option('-c, --config <file>', 'the configuration, which names the data folder')
    .option('--data-dir <folder>', 'the data folder')
    .option('--metrics', 'the one that opens /metrics alone, for Prometheus')
    .action(async (options: TokenOptions) => {
      const dataDir = dataDirOf(options);
      // A wrong path must not become a new store that no daemon reads.
      if (!existsSync(join(dataDir, 'podboot.sqlite3'))) {
        throw new NotFound(
          `there is no store in ${dataDir}`,
          'Start the daemon once: it makes the store and its first token.',
        );
      }
      const { replaceToken } = await import('../daemon/replace-token.ts');
      const isForMetrics = options.metrics === true;
      output.print(await replaceToken(dataDir, isForMetrics ? 'metrics' : 'api'));
      const place = isForMetrics ? "Prometheus's authorization.credentials_file" : 'PODBOOT_TOKEN_FILE';
      output.tell(`This is shown once. Keep it in a file of mode 0600 and name it in ${place}.`);
      output.tell(
        'A daemon that runs takes it up on: systemctl reload podboot (SIGHUP). Until then the old one counts.',
      );
    });
}

function dataDirOf({ config, dataDir }: TokenOptions): string {
  if (dataDir !== undefined) return resolve(dataDir);
  if (config !== undefined) return loadConfig(config).settings.dataDir;
  const mend = 'Name it: podboot token new --config /etc/podboot/podboot.yaml, or --data-dir /var/lib/podboot.';
  throw new InvalidInput('which store?', [], mend);
}
