import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Output } from '../cli/output.ts';
import { processOutput } from '../cli/output.ts';
import type { BackupReport } from './backup.ts';
import type { RestoreReport } from './restore.ts';

interface BackupFlags {
  readonly config: string;
  readonly secrets?: boolean;
  readonly recordings?: boolean;
  readonly replace?: boolean;
  readonly json?: boolean;
}

interface RestoreFlags {
  readonly dataDir?: string;
  readonly config?: string;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `podboot backup` and `podboot restore`: beside the daemon, as whoever may read and write its folders. */
export function registerBackup(program: Command, output: Output = processOutput): void {
  program
    .command('backup')
    .description('save all that another management node needs to take over, while the daemon runs')
    .argument('<file>', 'podboot.tar.gz')
    .option('-c, --config <file>', 'the configuration', '/etc/podboot/podboot.yaml')
    .option('--secrets', 'with the keys and secrets that podboot.yaml names: keep such a backup as you keep those')
    .option('--recordings', 'with recorded consoles and what runs have left')
    .option('--replace', 'a backup of that name may be there')
    .option('--json', 'print the report for programs')
    .action(async (file: string, flags: BackupFlags) => {
      // better-sqlite3 is loaded for those who use it.
      const { backup } = await import('./backup.ts');
      const report = await backup({
        target: file,
        configPath: flags.config,
        secrets: flags.secrets === true,
        recordings: flags.recordings === true,
        replace: flags.replace === true,
        version: version(),
      });
      output.print(flags.json === true ? JSON.stringify(report, null, 2) : backupText(report));
    });

  program
    .command('restore')
    .description('put a backup into a data folder that no daemon runs on')
    .argument('<file>', 'podboot.tar.gz')
    .option('--data-dir <folder>', "the data folder; the backup's own unless told")
    .option('-c, --config <file>', "where podboot.yaml goes; the backup's own place unless told")
    .option('--replace', 'set a store aside that is there, and replace files that differ')
    .option('--dry-run', 'look at all of it and change nothing')
    .option('--json', 'print the report for programs')
    .action(async (file: string, flags: RestoreFlags) => {
      const { restore } = await import('./restore.ts');
      const report = await restore({
        archive: file,
        ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
        ...(flags.config === undefined ? {} : { configPath: flags.config }),
        replace: flags.replace === true,
        dryRun: flags.dryRun === true,
      });
      output.print(flags.json === true ? JSON.stringify(report, null, 2) : restoreText(report, flags.dryRun === true));
    });
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}

function backupText({ archive, sizeBytes, manifest }: BackupReport): string {
  const { files, missing, assets } = manifest;
  return [
    `${archive}: ${files.length} files, ${(sizeBytes / 1e6).toFixed(1)} MB, mode 0600`,
    ...(missing.length === 0 ? [] : [`not in it (--secrets takes them along): ${missing.join(', ')}`]),
    ...(assets.length === 0 ? [] : [`not in it, as assets never are: ${assets.join(', ')}`]),
  ].join('\n');
}

function restoreText({ manifest, dataDir, restored, kept, setAside, ended }: RestoreReport, isDry: boolean): string {
  const { createdAt, host, version: by, missing, assets } = manifest;
  return [
    isDry
      ? `the backup of ${createdAt} (${host}, podboot ${by}) is whole; it would go to ${dataDir}`
      : `the backup of ${createdAt} (${host}, podboot ${by}) is in ${dataDir}: ${restored.length} files`,
    ...(dataDir === manifest.dataDir ? [] : [`podboot.yaml names ${manifest.dataDir}: set dataDir to ${dataDir}`]),
    ...(setAside === undefined ? [] : [`the store that was there is in ${setAside}`]),
    ...endedText(ended, isDry),
    ...kept.map((path) => `${path} is another one and was kept (--replace takes the backup's)`),
    ...(missing.length === 0 ? [] : [`bring these yourself, they are not in the backup: ${missing.join(', ')}`]),
    ...(assets.length === 0 ? [] : [`bring the assets too (rsync, or podboot assets import): ${assets.join(', ')}`]),
  ].join('\n');
}

function endedText({ grant = 0, job = 0, deployment = 0 }: RestoreReport['ended'], isDry: boolean): string[] {
  const counts = [
    [grant, 'boot grants', 'podboot install arms anew'],
    [job, 'power jobs', 'podboot jobs'],
    [deployment, 'deployment plans', 'podboot deploy resume takes them up'],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(
      ([count, what, mend]) => `${what} that were open in it ${isDry ? 'would end' : 'have ended'}: ${count} (${mend})`,
    );
}
