import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AssetFile, BootMedium } from '../domain/asset.ts';
import { PodbootError } from '../domain/errors.ts';
import {
  ASSET_NAME_PATTERN,
  type AssetManifest,
  bootFiles,
  MANIFEST_NAME,
  MAX_MANIFEST_BYTES,
  mediumOf,
  parseManifest,
} from './manifest.ts';

/** One thing that is wrong with an asset, as far as a look tells. */
export interface AssetTrouble {
  readonly message: string;
  readonly mend: string;
}

/** What a look at an asset finds: one stat for each file that machines are told to load, no byte of them. */
export type AssetLook =
  | { readonly manifest: AssetManifest; readonly medium: BootMedium; readonly troubles: readonly AssetTrouble[] }
  | { readonly manifest?: undefined; readonly medium?: undefined; readonly troubles: readonly AssetTrouble[] };

/** Synchronous: a configuration is checked in one go. Never throws. */
export function lookAt(assetsDir: string, name: string): AssetLook {
  try {
    const manifest = readManifest(assetsDir, name);
    if (manifest === undefined) return { troubles: [absent(assetsDir, name)] };
    return { manifest, medium: mediumOf(manifest), troubles: troublesOf(assetsDir, name, bootFiles(manifest)) };
  } catch (error) {
    if (!(error instanceof PodbootError)) throw error;
    return { troubles: [{ message: error.message, mend: error.mend ?? '' }] };
  }
}

/** @returns undefined where there is no such asset. @throws PodbootError `asset-manifest` */
export function readManifest(assetsDir: string, name: string): AssetManifest | undefined {
  if (!ASSET_NAME_PATTERN.test(name)) return undefined;
  const text = readBounded(join(assetsDir, name, MANIFEST_NAME));
  return text === undefined ? undefined : parseManifest(text, name);
}

function readBounded(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(code)) return undefined;
    throw unreadable(path, code, error);
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile() || status.size > MAX_MANIFEST_BYTES) throw unreadable(path, `${status.size} bytes`, undefined);
    return readFileSync(descriptor, 'utf8');
  } catch (error) {
    if (error instanceof PodbootError) throw error;
    throw unreadable(path, (error as NodeJS.ErrnoException).code ?? String(error), error);
  } finally {
    closeSync(descriptor);
  }
}

function unreadable(path: string, why: string, cause: unknown): PodbootError {
  const mend = 'Let the daemon’s user read it: ls -l shows who may.';
  return new PodbootError('asset-manifest', `${path} can't be read: ${why}`, { mend, cause });
}

function absent(assetsDir: string, name: string): AssetTrouble {
  return {
    message: `there is no asset ${name} in ${assetsDir}`,
    mend: `Import it: podboot assets import PATH --name ${name}. podboot assets list shows which there are.`,
  };
}

/** What a look at files of an asset finds. @param files paths relative to the asset's folder */
export function troublesOf(assetsDir: string, name: string, files: readonly AssetFile[]): AssetTrouble[] {
  return files.flatMap((file) => troubleOf(assetsDir, name, file));
}

function troubleOf(assetsDir: string, name: string, file: AssetFile): AssetTrouble[] {
  const path = join(assetsDir, name, file.name);
  const again = `Import it again: podboot assets import PATH --name ${name} --replace`;
  try {
    const status = statSync(path);
    if (!status.isFile()) return [{ message: `${path} is no file`, mend: again }];
    if (status.size !== file.sizeBytes) {
      return [
        {
          message: `${path} is damaged: it has ${status.size} bytes, and had ${file.sizeBytes} when imported`,
          mend: again,
        },
      ];
    }
    if (Math.floor(status.mtimeMs / 1_000) === file.mtimeSeconds) return [];
    return [
      {
        message: `${path} was changed since it was imported`,
        mend: `See whether it is still what it was: podboot assets verify ${name}`,
      },
    ];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code === 'ENOENT') return [{ message: `${path} is missing`, mend: again }];
    return [{ message: `${path} can't be read: ${code}`, mend: 'Let the daemon’s user read it: ls -l shows who may.' }];
  }
}

/** Names of the folders that are assets, or were meant to be: they hold a manifest. Sorted. */
export function assetNames(assetsDir: string): string[] {
  let names: string[];
  try {
    names = readdirSync(assetsDir);
  } catch {
    return [];
  }
  return names.filter((name) => ASSET_NAME_PATTERN.test(name) && isFile(join(assetsDir, name, MANIFEST_NAME))).sort();
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
