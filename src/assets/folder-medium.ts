import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { HostRefused } from '../domain/errors.ts';
import { EntryCollector, type FileSink, type Medium, type MediumEntry, UnreadableMedium } from './medium.ts';

const MAX_DEPTH = 32;
const CHUNK_BYTES = 1024 * 1024;

/** @throws UnreadableMedium, HostRefused */
export async function openFolder(path: string, signal?: AbortSignal): Promise<Medium> {
  const root = await realpath(path);
  const collector = new EntryCollector(path);
  await walk(root, '', 0, collector, signal);
  return {
    path,
    isIso: false,
    volumeId: '',
    sizeBytes: 0,
    entries: collector.entries,
    copy: async (files, openSink) => {
      for (const file of files) await copyFile(root, file, await openSink(file), signal);
    },
  };
}

async function walk(
  root: string,
  folder: string,
  depth: number,
  into: EntryCollector,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  if (depth > MAX_DEPTH)
    throw new UnreadableMedium(`${root} is more than ${MAX_DEPTH} folders deep`, 'Name a smaller folder.');
  for (const found of await readFolder(join(root, folder))) {
    const path = folder === '' ? found.name : `${folder}/${found.name}`;
    if (found.isDirectory()) {
      into.add({ path, type: 'folder', sizeBytes: 0 });
      await walk(root, path, depth + 1, into, signal);
    } else if (found.isFile()) {
      into.add({ path, type: 'file', sizeBytes: (await lstat(join(root, path))).size });
    } else if (found.isSymbolicLink()) into.add(await linkEntry(root, path));
    // A socket or FIFO that lies about in a folder of the operator's is nobody's attack, and never read.
  }
}

async function readFolder(path: string) {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new HostRefused(`${path} can't be read: ${code}`, 'Run the import as a user who may read it.', error);
  }
}

/** A link to a file of the same folder is as good as the file. */
async function linkEntry(root: string, path: string): Promise<MediumEntry> {
  const target = await readlink(join(root, path));
  try {
    const real = await realpath(join(root, path));
    const status = await stat(real);
    if (isWithin(root, real) && status.isFile()) return { path, type: 'file', sizeBytes: status.size, target };
  } catch {
    // It leads nowhere, or in a circle.
  }
  return { path, type: 'link', sizeBytes: 0, target };
}

function isWithin(root: string, path: string): boolean {
  return path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

async function copyFile(root: string, file: MediumEntry, sink: FileSink, signal: AbortSignal | undefined) {
  const real = await realpath(join(root, file.path));
  const handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const status = await handle.stat();
    const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => real);
    if (!status.isFile() || !isWithin(root, opened)) throw changed(root, file);
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let position = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      position += bytesRead;
      if (position > file.sizeBytes) throw changed(root, file);
      await sink.write(buffer.subarray(0, bytesRead));
    }
    if (position !== file.sizeBytes) throw changed(root, file);
    await sink.end();
  } finally {
    await handle.close();
  }
}

function changed(root: string, file: MediumEntry): UnreadableMedium {
  return new UnreadableMedium(
    `${join(root, file.path)} changed while it was read`,
    'Wait until whoever writes it has finished, then import again.',
  );
}
