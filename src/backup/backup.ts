import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { HostRefused, NotFound } from '../domain/errors.ts';
import { copyStore, hasStore } from '../store/store-file.ts';
import { contentsOf, type Wishes } from './contents.ts';
import { type BackupFile, FORMAT, type Manifest, STORE_NAME } from './manifest.ts';
import { describeFile, type SourceFile, writeArchive } from './write-archive.ts';

export interface BackupOptions extends Wishes {
  readonly configPath: string;
  readonly target: string;
  readonly replace: boolean;
  readonly version: string;
}

export interface BackupReport {
  readonly archive: string;
  readonly sizeBytes: number;
  readonly manifest: Manifest;
}

/**
 * All that another management node needs to take over, as it is at this moment, in one file; a daemon that runs goes on.
 *
 * @throws InvalidInput for a wrong configuration, NotFound, Conflict, HostRefused
 */
export async function backup(options: BackupOptions): Promise<BackupReport> {
  const target = resolve(options.target);
  const configPath = resolve(options.configPath);
  const { settings } = loadConfig(configPath);
  const { dataDir, assetsDir } = settings;
  if (!hasStore(dataDir)) {
    throw new NotFound(`there is no store in ${dataDir}`, 'Start the daemon once: it makes the store.');
  }
  const scratch = await scratchFolder(dirname(target));
  try {
    const copy = join(scratch, STORE_NAME);
    const storeVersion = await copyStore(dataDir, copy);
    const { files, missing } = contentsOf(configPath, readFileSync(configPath, 'utf8'), settings, options);
    const sources: SourceFile[] = [{ name: STORE_NAME, path: copy }, ...files];
    const described: BackupFile[] = [];
    for (const source of sources) described.push(await describeFile(source));
    const manifest: Manifest = {
      format: FORMAT,
      version: options.version,
      storeVersion,
      createdAt: new Date().toISOString(),
      host: hostname(),
      dataDir,
      configPath,
      files: described,
      missing,
      assets: assetNames(assetsDir),
    };
    const sizeBytes = await writeArchive(target, manifest, sources, options.replace);
    return { archive: target, sizeBytes, manifest };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Beside the archive, mode 0700: there is room for it, or for nothing. */
async function scratchFolder(folder: string): Promise<string> {
  try {
    return await mkdtemp(join(folder, '.podboot-backup-'));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : String(error);
    throw new HostRefused(`nothing can be written to ${folder}: ${code}`, 'Name another place for the backup.', error);
  }
}

function assetNames(assetsDir: string): string[] {
  try {
    const entries = readdirSync(assetsDir, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [])).sort();
  } catch {
    return [];
  }
}
