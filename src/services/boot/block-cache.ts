import type { FileHandle } from 'node:fs/promises';
import { PodbootError } from '../../domain/errors.ts';
import type { OpenAsset } from './asset-catalogue.ts';

export const BLOCK_BYTES = 256 * 1024;
const CAPACITY_BYTES = 24 * 1024 * 1024;

/**
 * File blocks in memory, shared by all transfers: hundreds of machines that boot together read the same file within the
 * same seconds. A block that several wait for is read once. Blocks are never changed once they are read, so whoever
 * holds one may go on using it after it has left the cache.
 */
export class BlockCache {
  readonly #capacityBlocks: number;
  readonly #blocks = new Map<string, Buffer>();
  readonly #loading = new Map<string, Promise<Buffer>>();

  constructor(capacityBytes = CAPACITY_BYTES) {
    this.#capacityBlocks = Math.max(1, Math.floor(capacityBytes / BLOCK_BYTES));
  }

  get blockCount(): number {
    return this.#blocks.size;
  }

  /** From memory, undefined where it has to be read first. */
  peek(identity: string, index: number): Buffer | undefined {
    const key = `${identity}/${index}`;
    const block = this.#blocks.get(key);
    if (block === undefined) return undefined;
    this.#blocks.delete(key);
    this.#blocks.set(key, block);
    return block;
  }

  /** @throws PodbootError `asset-changed` where the file is shorter than it was when it was opened */
  load(asset: OpenAsset, index: number): Promise<Buffer> {
    const key = `${asset.identity}/${index}`;
    const known = this.#blocks.get(key);
    if (known !== undefined) return Promise.resolve(known);
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = readBlock(asset, index)
        .then((block) => this.#keep(key, block))
        .finally(() => this.#loading.delete(key));
      this.#loading.set(key, loading);
    }
    return loading;
  }

  #keep(key: string, block: Buffer): Buffer {
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size < this.#capacityBlocks) break;
      this.#blocks.delete(oldest);
    }
    this.#blocks.set(key, block);
    return block;
  }
}

async function readBlock(asset: OpenAsset, index: number): Promise<Buffer> {
  const offset = index * BLOCK_BYTES;
  const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, asset.sizeBytes - offset));
  await readFully(asset.handle, asset.name, block, offset);
  return block;
}

/** @throws PodbootError `asset-changed` */
export async function readFully(handle: FileHandle, name: string, into: Buffer, offset: number): Promise<void> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await handle.read(into, filled, into.length - filled, offset + filled);
    if (bytesRead === 0) {
      throw new PodbootError('asset-changed', `${name} became shorter while it was being sent`, {
        mend: 'Replace files by renaming a new one over the old one; never write into one that is served.',
      });
    }
    filled += bytesRead;
  }
}
