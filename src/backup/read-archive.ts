import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { InvalidInput } from '../domain/errors.ts';
import { MANIFEST_NAME, type Manifest, MOST_MANIFEST_BYTES, readManifest, SUM_NAME, sumLine } from './manifest.ts';
import { BLOCK_BYTES, DamagedArchive, decodeHeader, paddingBytes } from './tar.ts';

/**
 * Unpacks a backup and looks at each byte of it: the list first, then its files, in its order, with the sizes and checksums
 * that it says, and nothing else.
 *
 * @param folderFor told the list before anything is unpacked: an empty folder, of ours alone
 * @throws InvalidInput for a damaged archive
 */
export async function readArchive(
  archive: string,
  folderFor: (manifest: Manifest) => Promise<string>,
): Promise<Manifest> {
  const gunzip = createGunzip();
  const file = createReadStream(archive);
  file.on('error', (error) => gunzip.destroy(error));
  const bytes = new ByteQueue(file.pipe(gunzip));
  try {
    const text = await manifestOf(bytes);
    const manifest = readManifest(text.toString('utf8'));
    const folder = await folderFor(manifest);
    for (const expected of manifest.files) {
      const entry = decodeHeader(await bytes.take(BLOCK_BYTES));
      if (entry?.name !== expected.name || entry.sizeBytes !== expected.sizeBytes) {
        throw new DamagedArchive(`it lacks ${expected.name}`);
      }
      await unpack(bytes, join(folder, expected.name), expected.sizeBytes, expected.sha256, expected.name);
    }
    await checkSum(bytes, text);
    if (decodeHeader(await bytes.take(BLOCK_BYTES)) !== undefined)
      throw new DamagedArchive('it holds more than it lists');
    await bytes.end();
    return manifest;
  } catch (error) {
    throw damage(error, archive);
  } finally {
    file.destroy();
    gunzip.destroy();
  }
}

async function manifestOf(bytes: ByteQueue): Promise<Buffer> {
  const entry = decodeHeader(await bytes.take(BLOCK_BYTES));
  if (entry?.name !== MANIFEST_NAME || entry.sizeBytes > MOST_MANIFEST_BYTES)
    throw new DamagedArchive('it is no backup');
  const text = await bytes.take(entry.sizeBytes);
  await bytes.take(paddingBytes(entry.sizeBytes));
  return text;
}

async function checkSum(bytes: ByteQueue, text: Buffer): Promise<void> {
  const expected = sumLine(text);
  const entry = decodeHeader(await bytes.take(BLOCK_BYTES));
  const isThere = entry?.name === SUM_NAME && entry.sizeBytes === expected.length;
  if (!isThere || (await bytes.take(expected.length)).toString() !== expected) {
    throw new DamagedArchive('the checksum of its list is wrong, or it holds more than it lists');
  }
  await bytes.take(paddingBytes(expected.length));
}

async function unpack(bytes: ByteQueue, path: string, sizeBytes: number, sha256: string, name: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle: FileHandle = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    for (let left = sizeBytes; left > 0; ) {
      const piece = await bytes.takeUpTo(left);
      hash.update(piece);
      await handle.writeFile(piece);
      left -= piece.length;
    }
    if (hash.digest('hex') !== sha256) throw new DamagedArchive(`the checksum of ${name} is wrong`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await bytes.take(paddingBytes(sizeBytes));
}

/** A stream's bytes in the portions that the reader wants. */
class ByteQueue {
  readonly #pieces: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#pieces = stream[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const part = await this.takeUpTo(left);
      parts.push(part);
      left -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** At least one byte. */
  async takeUpTo(most: number): Promise<Buffer> {
    while (this.#held.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) throw new DamagedArchive('it ends too early');
      this.#held = next.value;
    }
    const part = this.#held.subarray(0, most);
    this.#held = this.#held.subarray(part.length);
    return part;
  }

  /** Nothing but zeros may follow; the checksum of gzip is looked at there too. */
  async end(): Promise<void> {
    for (;;) {
      if (this.#held.some((byte) => byte !== 0)) throw new DamagedArchive('something follows its end');
      const next = await this.#pieces.next();
      if (next.done === true) return;
      this.#held = next.value;
    }
  }
}

/** zlib's and our own findings are the archive's damage; a disk's trouble is not. */
function damage(error: unknown, archive: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') {
    return new InvalidInput(`${archive} can't be read: ${code}`, [], 'Look at its path and its owner.');
  }
  if (!(error instanceof DamagedArchive) && !code.startsWith('Z_')) return error;
  const why = error instanceof DamagedArchive ? error.message : `its compression is broken (${code})`;
  return new InvalidInput(`${archive} is damaged: ${why}; nothing was changed`, [], 'Take another backup.');
}
