import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Command } from 'commander';
import { assetView } from '../api/asset-view.ts';
import type { AssetListView, AssetView } from '../api/schemas/asset.ts';
import { createAssetDirectory } from '../assets/asset-directory.ts';
import { loadConfig } from '../config/load.ts';
import { HostRefused, InvalidInput } from '../domain/errors.ts';
import type { Settings } from '../domain/settings.ts';
import { createApiClient, DEFAULT_SOCKET } from './api-client.ts';
import type { ApiEnvironment, ApiOptions } from './api-environment.ts';

const DEFAULT_CONFIG = '/etc/podboot/podboot.yaml';

/** Where assets are, on this machine. */
export interface AssetPlaceOptions {
  readonly config?: string;
  readonly assetsDir?: string;
}

export function withConfig(command: Command): Command {
  return command.option(
    '-c, --config <file>',
    `the configuration that names the folder of assets (else ${DEFAULT_CONFIG})`,
  );
}

/** For what looks at the folder alone. */
export function withPlace(command: Command): Command {
  return withConfig(command).option('--assets-dir <folder>', 'the folder itself, whatever a configuration says');
}

/** @throws InvalidInput, NotFound, HostRefused */
export function assetsDirOf(options: AssetPlaceOptions): string {
  if (options.assetsDir !== undefined) {
    return isAbsolute(options.assetsDir) ? options.assetsDir : resolve(options.assetsDir);
  }
  return settingsOf(options).assetsDir;
}

function settingsOf({ config = DEFAULT_CONFIG }: AssetPlaceOptions): Settings {
  if (config === DEFAULT_CONFIG && !existsSync(config)) {
    throw new InvalidInput(
      'which folder?',
      [],
      'Name the configuration with --config FILE, or the folder with --assets-dir.',
    );
  }
  return loadConfig(config).settings;
}

/**
 * The assets and who needs them: of the daemon where one answers, else by the configuration alone.
 * @throws whatever the API refuses
 */
export async function askForAssets(
  options: AssetPlaceOptions & ApiOptions,
  environment: ApiEnvironment,
): Promise<AssetListView> {
  const { env, output } = environment;
  const isMeant = options.api !== undefined || env.PODBOOT_API !== undefined;
  const hasToken = env.PODBOOT_TOKEN_FILE !== undefined || env.PODBOOT_TOKEN !== undefined;
  if (isMeant || hasToken) {
    try {
      return await ofDaemon(options, env);
    } catch (error) {
      if (isMeant || !(error instanceof HostRefused)) throw error;
      output.tell('No daemon answers: who uses what is told by the configuration alone.');
    }
  } else if (existsSync(DEFAULT_SOCKET)) {
    output.tell('There is no token to ask the daemon (PODBOOT_TOKEN_FILE): going by the configuration alone.');
  }
  return ofConfiguration(options);
}

async function ofDaemon(options: ApiOptions, env: NodeJS.ProcessEnv): Promise<AssetListView> {
  const client = createApiClient(options, env);
  const items: AssetView[] = [];
  let folder = '';
  let after: string | undefined;
  do {
    const query = new URLSearchParams({ limit: '1000', ...(after === undefined ? {} : { after }) });
    const { body } = await client.call<AssetListView>('GET', `/assets?${query}`);
    items.push(...body.items);
    folder = body.folder;
    after = body.next;
  } while (after !== undefined);
  return { folder, items };
}

function ofConfiguration(options: AssetPlaceOptions): AssetListView {
  const { assetsDir, boot } = settingsOf(options);
  const directory = createAssetDirectory({ folder: () => assetsDir, boot: () => boot });
  return { folder: assetsDir, items: directory.list().map(assetView) };
}
