import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Architecture, AssetFile } from '../domain/asset.ts';
import { HostRefused, InvalidInput, NotFound } from '../domain/errors.ts';
import { checkBoot } from './check-boot.ts';
import { checkSpace } from './disk-space.ts';
import { changedMeanwhile, fillStaging, type ImportProgress } from './fill-staging.ts';
import { openFolder } from './folder-medium.ts';
import { openIso } from './iso-medium.ts';
import type { IsoTool } from './iso-tools.ts';
import type { Layout } from './layout.ts';
import { clearLeftovers } from './leftovers.ts';
import { ASSET_NAME_PATTERN, type AssetManifest, type AssetSource, MANIFEST_NAME, renderManifest } from './manifest.ts';
import { UnreadableMedium } from './medium.ts';
import { placeFor } from './place-for.ts';
import { type ByHand, layoutByHand, recognise } from './recognise.ts';
import { sameAsBefore } from './same-asset.ts';
import { Staging } from './staging.ts';
import { planFiles } from './taken-files.ts';

export interface ImportRequest {
  readonly assetsDir: string;
  /** An ISO or a folder. */
  readonly path: string;
  /** Absent: made of what the medium is, its release and its architecture. */
  readonly name?: string;
  readonly byHand?: ByHand;
  /** In place of another asset of that name. */
  readonly replace?: boolean;
  readonly tool?: IsoTool;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface ImportResult {
  readonly outcome: 'imported' | 'replaced' | 'there-already';
  readonly manifest: AssetManifest;
  /** Assets that an earlier, killed replacement had left aside and that are back. */
  readonly restored: readonly string[];
}

/**
 * Makes an asset of an ISO or a folder: whole or not at all, also if it is killed at any moment.
 * @throws NotFound, UnreadableMedium, InvalidInput, Conflict, HostRefused; nothing was changed then
 */
export async function importAsset(request: ImportRequest): Promise<ImportResult> {
  const { assetsDir, signal } = request;
  const restored = await clearLeftovers(assetsDir);
  const path = resolve(request.path);
  const source = await sourceOf(path);
  const medium = source.sizeBytes === undefined ? await openFolder(path, signal) : await openIso(path, request);
  const layout = request.byHand === undefined ? await recognise(medium) : layoutByHand(medium, request.byHand);
  const files = planFiles(medium, layout);
  const architecture = await checkBoot(medium, layout);
  const name = checkedName(request.name ?? defaultName(layout, architecture));

  const place = await placeFor(assetsDir, name, request.replace === true, (before) =>
    sameAsBefore(before, source, medium, files),
  );
  if (place.thereAlready !== undefined) return { outcome: 'there-already', manifest: place.thereAlready, restored };
  await checkSpace(assetsDir, files.totalBytes, files.count);

  const staging = await Staging.create(assetsDir);
  try {
    await fillStaging(staging, medium, files, {
      ...{ name, totalBytes: files.totalBytes },
      ...{ signal, onProgress: request.onProgress },
    });
    await checkUnchanged(path, source);
    const manifest: AssetManifest = {
      name,
      kind: layout.kind,
      release: layout.release,
      architecture,
      title: layout.title,
      kernel: files.kernel,
      initrds: files.initrds,
      ...(files.iso === undefined ? {} : { iso: files.iso }),
      ...(files.tree === undefined ? {} : { tree: files.tree }),
      source,
      importedAt: new Date((request.now ?? Date.now)()).toISOString(),
      notes: [...layout.notes, ...files.notes],
      files: [...staging.files].sort(byName),
    };
    await writeManifest(staging, manifest);
    await staging.sync();
    signal?.throwIfAborted();
    await staging.publish(name, place.replaces);
    return { outcome: place.replaces ? 'replaced' : 'imported', manifest, restored };
  } catch (error) {
    await staging.discard();
    throw error;
  }
}

/** @throws NotFound, HostRefused */
async function sourceOf(path: string): Promise<AssetSource> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) return { path };
    if (!status.isFile())
      throw new UnreadableMedium(`${path} is neither a file nor a folder`, 'Name an ISO or a folder.');
    return { path, sizeBytes: status.size, mtimeMs: status.mtimeMs };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new NotFound(`there is no ${path}`, 'Name an ISO or a folder.');
    if (code === 'EACCES') {
      throw new HostRefused(`${path} may not be read by this user`, 'Run the import as a user who may read it.', error);
    }
    throw error;
  }
}

/**
 * `debian-12-amd64`, `ubuntu-24.04-arm64`, `dgx-os-7-amd64`: by the series and not by the point release, so that profiles
 * (those in boot-assets/profiles too) find the next one under the same name.
 */
function defaultName({ family, release }: Layout, architecture: Architecture): string {
  const series = release.split('.').slice(0, family === 'ubuntu' ? 2 : 1);
  return [family, series.join('.'), architecture]
    .map((part) => part.replaceAll(/[^A-Za-z0-9._-]/g, ''))
    .filter((part) => part !== '')
    .join('-');
}

function checkedName(name: string): string {
  if (ASSET_NAME_PATTERN.test(name)) return name;
  throw new InvalidInput(
    `${JSON.stringify(name)} is no name of an asset`,
    [],
    'Letters, digits, dots, hyphens and underscores, 63 at most, and none but a letter or a digit first.',
  );
}

async function checkUnchanged(path: string, source: AssetSource): Promise<void> {
  const now = await sourceOf(path);
  if (now.sizeBytes !== source.sizeBytes || now.mtimeMs !== source.mtimeMs) throw changedMeanwhile(path);
}

async function writeManifest(staging: Staging, manifest: AssetManifest): Promise<void> {
  const bytes = Buffer.from(renderManifest(manifest));
  const sink = await staging.open(MANIFEST_NAME, bytes.length, () => undefined);
  await sink.write(bytes);
  await sink.end();
}

function byName(a: AssetFile, b: AssetFile): number {
  return a.name < b.name ? -1 : 1;
}
