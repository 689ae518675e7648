import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { lookAt } from '../../assets/asset-store.ts';
import type { AssetFile } from '../../domain/asset.ts';
import type { AssetName } from '../../domain/boot.ts';
import { AccessDenied, NotFound, PodbootError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { normalizeAssetName, printable } from './asset-name.ts';
import { installHint, type ProgramManifest } from './boot-programs.ts';

const LOCATION_TTL_MS = 1_000;
const MAX_LOCATIONS = 1_024;

/** Where a name leads. */
interface Place {
  /** Without links. */
  readonly path: string;
  /** The folder that it may not leave, as a prefix of paths; a program that the manifest names itself is its own. */
  readonly within: string;
}

/** A regular file, open for reading. Whoever opened it closes `handle`. */
export interface OpenAsset {
  readonly name: AssetName;
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  /** Changes whenever the bytes may have changed; the same for every name of one file. */
  readonly identity: string;
}

/**
 * The files that machines may have: those under the asset root, and the boot programs of the manifest where the root has
 * none of that name. Whatever the name, no file outside of these is opened.
 */
export class AssetCatalogue {
  readonly #assetsDir: string;
  readonly #manifest: ProgramManifest;
  readonly #clock: Clock;
  readonly #expected: Map<AssetName, AssetFile>;
  readonly #locations = new Map<AssetName, { readonly place: Place; readonly untilMs: number }>();

  /** @param imported files whose size is known: one of another size is damaged, and no machine gets half a kernel */
  constructor(assetsDir: string, manifest: ProgramManifest, clock: Clock, imported: readonly AssetFile[] = []) {
    this.#assetsDir = assetsDir;
    this.#manifest = manifest;
    this.#clock = clock;
    this.#expected = new Map(imported.map((file) => [file.name, file]));
  }

  /**
   * @param rawName as the machine sent it
   * @throws NotFound, AccessDenied; PodbootError `asset-unreadable` where the disk or a permission refuses,
   *   `asset-damaged` where it is not as long as it was when it was imported
   */
  async open(rawName: string): Promise<OpenAsset> {
    const name = normalizeAssetName(rawName);
    const place = await this.#locate(name);
    try {
      return await this.#undamaged(await openRegularFile(name, place));
    } catch (error) {
      this.#locations.delete(name);
      throw error instanceof PodbootError ? error : translated(error, name, place.path);
    }
  }

  /** Where a name leads at this moment; undefined: nowhere. For checks; never throws. */
  async find(rawName: string): Promise<string | undefined> {
    try {
      const asset = await this.open(rawName);
      await asset.handle.close();
      return (await this.#locate(asset.name)).path;
    } catch {
      return undefined;
    }
  }

  async #undamaged(asset: OpenAsset): Promise<OpenAsset> {
    const expected = this.#expected.get(asset.name);
    if (expected === undefined || expected.sizeBytes === asset.sizeBytes) return asset;
    // Another was imported in its place, and the configuration not yet read again.
    const renewed = this.#newest(asset.name);
    if (renewed?.sizeBytes === asset.sizeBytes) {
      this.#expected.set(asset.name, renewed);
      return asset;
    }
    await asset.handle.close();
    throw new PodbootError(
      'asset-damaged',
      `${asset.name} is damaged: it has ${asset.sizeBytes} bytes, and had ${expected.sizeBytes} when it was imported`,
      { mend: importAgain(asset.name) },
    );
  }

  #newest(name: AssetName): AssetFile | undefined {
    const { medium } = lookAt(this.#assetsDir, folderOf(name));
    return medium?.files.find((file) => file.name === name);
  }

  async #locate(name: AssetName): Promise<Place> {
    const known = this.#locations.get(name);
    if (known !== undefined && known.untilMs > this.#clock.monotonic()) return known.place;
    const place = (await this.#inRoot(name)) ?? (await this.#inManifest(name));
    if (place === undefined) throw this.#missing(name);
    this.#locations.delete(name);
    if (this.#locations.size >= MAX_LOCATIONS) this.#locations.delete(this.#locations.keys().next().value ?? '');
    this.#locations.set(name, { place, untilMs: this.#clock.monotonic() + LOCATION_TTL_MS });
    return place;
  }

  async #inRoot(name: AssetName): Promise<Place | undefined> {
    return await withinFolder(this.#assetsDir, name);
  }

  async #inManifest(name: AssetName): Promise<Place | undefined> {
    const program = this.#manifest.programs.find((candidate) => candidate.name === name);
    for (const source of program?.sources ?? []) {
      const path = await realPathOf(source.path);
      if (path !== undefined) return { path, within: path };
    }
    for (const folder of this.#manifest.modules) {
      if (!name.startsWith(`${folder.name}/`)) continue;
      const place = await withinFolder(folder.path, name.slice(folder.name.length + 1));
      if (place !== undefined) return place;
    }
    return undefined;
  }

  #missing(name: AssetName): NotFound {
    if (this.#expected.has(name)) {
      return new NotFound(`${name} of an imported asset is missing`, importAgain(name));
    }
    const program = this.#manifest.programs.find((candidate) => candidate.name === name);
    return program === undefined
      ? new NotFound(`there is no ${printable(name)}`, `Put it at ${join(this.#assetsDir, name)}.`)
      : new NotFound(`the boot program ${name} is not installed`, installHint(program));
  }
}

function folderOf(name: AssetName): string {
  return name.slice(0, name.indexOf('/'));
}

function importAgain(name: AssetName): string {
  return `podboot assets import PATH --name ${folderOf(name)} --replace`;
}

/** Undefined where there is none. Links may lead anywhere within the folder and nowhere else. */
async function withinFolder(folder: string, name: AssetName): Promise<Place | undefined> {
  const root = await realPathOf(folder);
  if (root === undefined) return undefined;
  const path = await realPathOf(join(root, name));
  if (path === undefined) return undefined;
  const within = root.endsWith(sep) ? root : `${root}${sep}`;
  if (!path.startsWith(within)) throw new AccessDenied(`${printable(name)} leads out of ${folder}`);
  return { path, within };
}

async function realPathOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(code)) return undefined;
    throw translated(error, path, path);
  }
}

async function openRegularFile(name: AssetName, place: Place): Promise<OpenAsset> {
  // O_NOFOLLOW: the path was resolved just now, a link in its place is new. O_NONBLOCK: a FIFO would never open.
  const handle = await open(place.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new NotFound(`${printable(name)} is not a file`);
    if (!(await isWithin(handle, place)))
      throw new AccessDenied(`${printable(name)} leads elsewhere since a moment ago`);
    const identity = `${stat.dev.toString(36)}-${stat.ino.toString(36)}-${stat.size.toString(36)}-${stat.mtimeMs.toString(36)}`;
    return { name, handle, sizeBytes: stat.size, mtimeMs: stat.mtimeMs, identity };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * O_NOFOLLOW looks at the last part of a path alone: a folder above it may have become a link since the path was resolved.
 * The kernel knows where the file lies that it opened.
 */
async function isWithin(handle: FileHandle, place: Place): Promise<boolean> {
  // No /proc: the path is resolved once more, which leaves the moment between.
  const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => realpath(place.path));
  return opened.startsWith(place.within);
}

function translated(error: unknown, name: string, path: string): PodbootError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP')
    return new NotFound(`there is no ${printable(name)}`);
  const mend =
    code === 'EACCES'
      ? `Let the daemon's user read ${path} and enter the folders above it.`
      : `Look after the file system that holds ${path}.`;
  return new PodbootError('asset-unreadable', `${path} can't be read: ${code || error}`, { mend, cause: error });
}
