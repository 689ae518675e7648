import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

const CHUNK_BYTES = 1024 * 1024;

export interface Checksum {
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly mtimeSeconds: number;
}

/** Of a regular file, in one megabyte of memory; undefined where it is none. */
export async function checksumOf(
  path: string,
  options: { readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void } = {},
): Promise<Checksum | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const status = await handle.stat();
    if (!status.isFile()) return undefined;
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    let position = 0;
    for (;;) {
      options.signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
      options.onBytes?.(bytesRead);
    }
    return { sizeBytes: position, sha256: hash.digest('hex'), mtimeSeconds: Math.floor(status.mtimeMs / 1_000) };
  } finally {
    await handle.close();
  }
}
