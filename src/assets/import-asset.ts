import { open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Architecture, AssetFile } from '../domain/asset.ts';
import { Conflict, HostRefused, InvalidInput, NotFound } from '../domain/errors.ts';
import { readManifest } from './asset-store.ts';
import { checkSpace } from './disk-space.ts';
import { openFolder } from './folder-medium.ts';
import { openIso } from './iso-medium.ts';
import type { IsoTool } from './iso-tools.ts';
import { HEAD_BYTES, identifyInitrd, identifyKernel } from './kernel-image.ts';
import type { Layout } from './layout.ts';
import { clearLeftovers } from './leftovers.ts';
import { ASSET_NAME_PATTERN, type AssetManifest, type AssetSource, MANIFEST_NAME, renderManifest } from './manifest.ts';
import { fileAt, type Medium, UnreadableMedium } from './medium.ts';
import { type ByHand, layoutByHand, recognise } from './recognise.ts';
import { sameAsBefore } from './same-asset.ts';
import { Staging } from './staging.ts';
import { planFiles, type TakenFile, type TakenFiles } from './taken-files.ts';

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

export interface ImportProgress {
  /** Known once the medium has been looked through. */
  readonly name: string;
  readonly doneBytes: number;
  readonly totalBytes: number;
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

  const before = readManifest(assetsDir, name);
  if (before !== undefined && (await sameAsBefore(before, source, medium, files))) {
    return { outcome: 'there-already', manifest: before, restored };
  }
  await checkFree(assetsDir, name, before, request.replace === true);
  await checkSpace(assetsDir, files.totalBytes, files.count);

  const staging = await Staging.create(assetsDir);
  try {
    await fill(staging, medium, files, { name, totalBytes: files.totalBytes, request });
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
    await staging.publish(name, request.replace === true);
    return { outcome: before === undefined ? 'imported' : 'replaced', manifest, restored };
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

/** Before anything is copied: is it a kernel, is it an initrd, and do they fit what the medium says? */
async function checkBoot(medium: Medium, layout: Layout): Promise<Architecture> {
  const kernel = identifyKernel(await headOf(medium, layout.kernel));
  if (kernel === undefined) {
    throw new UnreadableMedium(
      `${medium.path}: ${layout.kernel} is no Linux kernel for amd64 or arm64`,
      'It is damaged, or for another machine. 32-bit kernels are not booted.',
    );
  }
  if (layout.architecture !== undefined && layout.architecture !== kernel.architecture) {
    throw new UnreadableMedium(
      `${medium.path} says that it is for ${layout.architecture}, and ${layout.kernel} is a kernel for ${kernel.architecture}`,
      'Take the medium of one architecture as its vendor publishes it.',
    );
  }
  for (const path of layout.initrds) {
    if (identifyInitrd(await headOf(medium, path)) !== undefined) continue;
    throw new UnreadableMedium(
      `${medium.path}: ${path} is no initial RAM disk that Linux unpacks`,
      'It is damaged, or another file: name the initrd with --initrd.',
    );
  }
  return kernel.architecture;
}

/** The medium gives files whole; nothing of an initrd but its head is kept. */
async function headOf(medium: Medium, path: string): Promise<Buffer> {
  const file = fileAt(medium, path);
  const chunks: Buffer[] = [];
  let lengthBytes = 0;
  await medium.copy(file === undefined ? [] : [file], async () => ({
    write: async (chunk) => {
      if (lengthBytes >= HEAD_BYTES) return;
      chunks.push(Buffer.from(chunk));
      lengthBytes += chunk.length;
    },
    end: async () => undefined,
  }));
  return Buffer.concat(chunks).subarray(0, HEAD_BYTES);
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

async function checkFree(assetsDir: string, name: string, before: AssetManifest | undefined, replace: boolean) {
  if (before !== undefined) {
    if (replace) return;
    throw new Conflict(
      `there is another asset ${name}: ${describe(before)}, of ${before.source.path}, since ${before.importedAt}`,
      [],
      'Give this one another name with --name, or put it in the other’s place with --replace.',
    );
  }
  const isTaken = await stat(join(assetsDir, name)).then(
    () => true,
    () => false,
  );
  if (isTaken) {
    throw new Conflict(
      `${join(assetsDir, name)} is there, and no imported asset`,
      [],
      'Give the asset another name with --name, or move that folder away.',
    );
  }
}

/** "dgx-os 7.2.1 for amd64". */
export function describe({ kind, release, architecture }: AssetManifest): string {
  return `${[kind, release].filter((part) => part !== '').join(' ')} for ${architecture}`;
}

interface Filling {
  readonly name: string;
  readonly totalBytes: number;
  readonly request: ImportRequest;
}

async function fill(staging: Staging, medium: Medium, files: TakenFiles, filling: Filling): Promise<void> {
  const { name, totalBytes, request } = filling;
  let doneBytes = 0;
  const onBytes = (bytes: number) => {
    doneBytes += bytes;
    request.onProgress?.({ name, doneBytes, totalBytes });
  };
  request.onProgress?.({ name, doneBytes, totalBytes });
  const byPath = new Map(files.taken.map((file) => [file.entry.path, file]));
  await medium.copy(
    files.taken.map(({ entry }) => entry),
    (entry) => {
      const taken = byPath.get(entry.path) as TakenFile;
      return staging.open(taken.name, entry.sizeBytes, onBytes);
    },
  );
  for (const { first, second } of files.links) await staging.link(first, second);
  if (files.iso !== undefined) await copyIso(staging, medium.path, files.iso, onBytes, request.signal);
}

async function copyIso(
  staging: Staging,
  path: string,
  name: string,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const sink = await staging.open(name, size, onBytes);
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    for (let position = 0; position < size; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - position), position);
      if (bytesRead === 0) throw changed(path);
      await sink.write(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    await sink.end();
  } finally {
    await handle.close();
  }
}

async function checkUnchanged(path: string, source: AssetSource): Promise<void> {
  const now = await sourceOf(path);
  if (now.sizeBytes !== source.sizeBytes || now.mtimeMs !== source.mtimeMs) throw changed(path);
}

function changed(path: string): UnreadableMedium {
  return new UnreadableMedium(
    `${path} changed while it was read`,
    'Wait until its download has ended, then import again.',
  );
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
