import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Conflict, HostRefused } from '../domain/errors.ts';
import { type BackupFile, MANIFEST_NAME, type Manifest, SUM_NAME, sumLine } from './manifest.ts';
import { BLOCK_BYTES, encodeHeader, paddingBytes } from './tar.ts';

/** What goes into an archive under which name. */
export interface SourceFile {
  readonly name: string;
  readonly path: string;
  readonly home?: string;
}

/** What a file is now; a file that changes until it is written makes the backup fail rather than lie. */
export async function describeFile({ name, path, home }: SourceFile): Promise<BackupFile> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(piece);
    sizeBytes += piece.length;
  }
  return { name, sizeBytes, sha256: hash.digest('hex'), ...(home === undefined ? {} : { home }) };
}

/**
 * Writes the archive beside `target` and gives it its name when it is on the disk, whole: nobody ever finds half a backup.
 * Mode 0600: it holds what is on the nodes, and perhaps keys.
 *
 * @param replace whether a file of that name may be there
 * @throws Conflict, HostRefused
 */
export async function writeArchive(
  target: string,
  manifest: Manifest,
  sources: readonly SourceFile[],
  replace: boolean,
): Promise<number> {
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(partial, 'wx', 0o600);
    const out = handle;
    await pipeline(Readable.from(blocks(manifest, sources)), createGzip({ level: 3 }), async (pieces) => {
      for await (const piece of pieces as AsyncIterable<Buffer>) await out.writeFile(piece);
    });
    await handle.sync();
    const { size } = await handle.stat();
    await name(partial, target, replace);
    return size;
  } catch (error) {
    throw told(error, target);
  } finally {
    await handle?.close();
    await rm(partial, { force: true });
  }
}

async function name(partial: string, target: string, replace: boolean): Promise<void> {
  if (replace) await rename(partial, target);
  else await link(partial, target);
  const folder = await open(dirname(target), 'r');
  await folder.sync().finally(() => folder.close());
}

async function* blocks(manifest: Manifest, sources: readonly SourceFile[]): AsyncGenerator<Buffer> {
  const modifiedAt = Math.floor(Date.parse(manifest.createdAt) / 1_000);
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  yield encodeHeader({ name: MANIFEST_NAME, sizeBytes: text.length }, 0o600, modifiedAt);
  yield text;
  yield Buffer.alloc(paddingBytes(text.length));
  for (const [index, { name, path }] of sources.entries()) {
    const sizeBytes = manifest.files[index]?.sizeBytes ?? 0;
    yield encodeHeader({ name, sizeBytes }, 0o600, modifiedAt);
    yield* content(path, sizeBytes);
    yield Buffer.alloc(paddingBytes(sizeBytes));
  }
  const sum = Buffer.from(sumLine(text));
  yield encodeHeader({ name: SUM_NAME, sizeBytes: sum.length }, 0o600, modifiedAt);
  yield sum;
  yield Buffer.alloc(paddingBytes(sum.length) + 2 * BLOCK_BYTES);
}

/** Exactly as many bytes as its header says: one that grows meanwhile (a log) is what it was when it was listed. */
async function* content(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  if (sizeBytes === 0) return;
  let left = sizeBytes;
  for await (const piece of createReadStream(path, { end: sizeBytes - 1 }) as AsyncIterable<Buffer>) {
    left -= piece.length;
    yield piece;
  }
  if (left > 0) throw new HostRefused(`${path} became shorter while it was read`, 'Take the backup again.');
}

function told(error: unknown, target: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof HostRefused) return error;
  if (error.code === 'EEXIST') {
    return new Conflict(`${target} is there already`, [], 'Choose another name, or say --replace.');
  }
  const mend = error.code === 'ENOSPC' ? `Free space there: df -h ${dirname(target)}` : `Look at ${dirname(target)}.`;
  return new HostRefused(`the backup can't be written to ${target}: ${error.message}`, mend, error);
}
