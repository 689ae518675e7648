import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AssetFile } from '../domain/asset.ts';
import { Conflict } from '../domain/errors.ts';
import { hostTrouble } from './host-trouble.ts';
import { workFolderName } from './leftovers.ts';
import type { FileSink } from './medium.ts';

/** Files whose fsync is under way while the next ones are written. */
const MOST_SYNCS = 16;

/**
 * A folder that becomes an asset whole or not at all: filled beside the others under a name that no machine is told,
 * written through to the disk, then renamed.
 *
 * Everything goes through descriptors of the folders: while root writes, their owner can't put a link in the way.
 */
export class Staging {
  readonly #assetsDir: string;
  readonly #parent: FileHandle;
  readonly #name: string;
  readonly #folder: FileHandle;
  readonly #owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly #made = new Set<string>();
  readonly #syncs = new Set<Promise<void>>();
  readonly #handles = new Set<FileHandle>();
  readonly #files: AssetFile[] = [];
  #failure: unknown;

  private constructor(
    assetsDir: string,
    parent: FileHandle,
    name: string,
    folder: FileHandle,
    owner: { readonly uid: number; readonly gid: number } | undefined,
  ) {
    this.#assetsDir = assetsDir;
    this.#parent = parent;
    this.#name = name;
    this.#folder = folder;
    this.#owner = owner;
  }

  /** @throws HostRefused */
  static async create(assetsDir: string): Promise<Staging> {
    try {
      await makeAssetsDir(assetsDir);
      const parent = await openFolder(assetsDir);
      const { uid, gid } = await parent.stat();
      const name = workFolderName('import');
      await mkdir(join(pathOf(parent), name), { mode: 0o755 });
      const folder = await openFolder(join(pathOf(parent), name), constants.O_NOFOLLOW);
      await folder.chmod(0o755);
      // What root imports belongs to whom the folder belongs: the daemon's user removes and verifies it.
      const owner = process.getuid?.() === 0 && (uid !== 0 || gid !== 0) ? { uid, gid } : undefined;
      return new Staging(assetsDir, parent, name, folder, owner);
    } catch (error) {
      throw hostTrouble(error, assetsDir);
    }
  }

  /** Every file that is whole. */
  get files(): readonly AssetFile[] {
    return this.#files;
  }

  /** @param path relative to the asset's folder; checked by whoever calls */
  async open(path: string, sizeBytes: number, onBytes: (bytes: number) => void): Promise<FileSink> {
    await this.#makeFolders(dirname(path));
    const handle = await this.#guarded(() =>
      open(this.path(path), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644),
    );
    this.#handles.add(handle);
    const hash = createHash('sha256');
    let position = 0;
    return {
      write: async (chunk) => {
        hash.update(chunk);
        await this.#guarded(() => writeAll(handle, chunk, position));
        position += chunk.length;
        onBytes(chunk.length);
      },
      end: async () => {
        if (position !== sizeBytes) throw new Error(`${path}: ${position} bytes of ${sizeBytes}`);
        await this.#guarded(() => this.#own(handle, 0o644));
        const { mtimeMs } = await handle.stat();
        const mtimeSeconds = Math.floor(mtimeMs / 1_000);
        this.#files.push({ name: path, sizeBytes, sha256: hash.digest('hex'), mtimeSeconds });
        await this.#syncLater(handle);
      },
    };
  }

  /** A second name of a file that is whole. */
  async link(first: string, second: string): Promise<void> {
    const file = this.#files.find((each) => each.name === first);
    if (file === undefined) throw new Error(`${first} is not there yet`);
    await this.#makeFolders(dirname(second));
    await this.#guarded(() => link(this.path(first), this.path(second)));
    this.#files.push({ ...file, name: second });
  }

  /** Where a file lies for now. */
  path(name: string): string {
    return join(pathOf(this.#folder), name);
  }

  /** Resolves when every byte is on the disk. */
  async sync(): Promise<void> {
    await Promise.all(this.#syncs);
    if (this.#failure !== undefined) throw hostTrouble(this.#failure, this.#assetsDir);
    await this.#guarded(async () => {
      for (const folder of [...this.#made].reverse()) {
        const handle = await openFolder(this.path(folder), constants.O_NOFOLLOW);
        await this.#own(handle, 0o755);
        await handle.sync();
        await handle.close();
      }
      await this.#own(this.#folder, 0o755);
      await this.#folder.sync();
    });
  }

  /**
   * Becomes the asset.
   * @throws Conflict where another import was faster, HostRefused
   */
  async publish(name: string, replace: boolean): Promise<void> {
    const from = join(pathOf(this.#parent), this.#name);
    const to = join(pathOf(this.#parent), name);
    const aside = join(pathOf(this.#parent), workFolderName('replaced', name));
    const hasOld = replace && (await exists(to));
    if (hasOld) await this.#guarded(() => rename(to, aside));
    try {
      await rename(from, to);
    } catch (error) {
      if (hasOld) await rename(aside, to).catch(() => undefined);
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) {
        throw new Conflict(`another import of ${name} was faster`, [], 'podboot assets list shows it.');
      }
      throw hostTrouble(error, this.#assetsDir);
    }
    await this.#guarded(() => this.#parent.sync());
    if (hasOld) await rm(aside, { recursive: true, force: true });
    await this.#close();
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await Promise.allSettled(this.#syncs);
    await Promise.allSettled([...this.#handles].map((handle) => handle.close()));
    await rm(join(pathOf(this.#parent), this.#name), { recursive: true, force: true }).catch(() => undefined);
    await this.#close();
  }

  async #close(): Promise<void> {
    await this.#folder.close();
    await this.#parent.close();
  }

  async #makeFolders(folder: string): Promise<void> {
    if (folder === '.' || this.#made.has(folder)) return;
    await this.#makeFolders(dirname(folder));
    await this.#guarded(() => mkdir(this.path(folder), { mode: 0o755 }));
    this.#made.add(folder);
  }

  async #own(handle: FileHandle, mode: number): Promise<void> {
    // Whatever the umask of whoever imports: the daemon reads it under another user.
    await handle.chmod(mode);
    if (this.#owner !== undefined) await handle.chown(this.#owner.uid, this.#owner.gid);
  }

  async #syncLater(handle: FileHandle): Promise<void> {
    const sync = handle
      .sync()
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .then(() => handle.close())
      .finally(() => {
        this.#handles.delete(handle);
        this.#syncs.delete(sync);
      });
    this.#syncs.add(sync);
    if (this.#syncs.size >= MOST_SYNCS) await Promise.race(this.#syncs);
    if (this.#failure !== undefined) throw hostTrouble(this.#failure, this.#assetsDir);
  }

  async #guarded<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw hostTrouble(error, this.#assetsDir);
    }
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, position + done);
    done += bytesWritten;
  }
}

function openFolder(path: string, flags = 0): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | flags);
}

/** The folder behind a descriptor, whatever its path leads to by now. */
function pathOf(handle: FileHandle): string {
  return `/proc/self/fd/${handle.fd}`;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** As the one above it belongs to, so that a daemon that is no root reads and writes it. */
export async function makeAssetsDir(path: string): Promise<void> {
  if (await exists(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeAssetsDir(parent);
  try {
    await mkdir(path, { mode: 0o755 });
  } catch (error) {
    // Another import makes it at the same moment.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    throw error;
  }
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(parent);
  const handle = await openFolder(path, constants.O_NOFOLLOW);
  await handle.chown(uid, gid);
  await handle.close();
}
