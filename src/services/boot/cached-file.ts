import type { ServedFile } from '../../domain/ports.ts';
import type { OpenAsset } from './asset-catalogue.ts';
import { BLOCK_BYTES, type BlockCache } from './block-cache.ts';

const EMPTY = new Uint8Array(0);

/** A file for one transfer: its bytes come from the shared blocks, the one after the current one is fetched ahead. */
export class CachedFile implements ServedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #asset: OpenAsset;
  readonly #cache: BlockCache;
  readonly #closed: () => void;
  #currentIndex = -1;
  #current: Buffer = Buffer.alloc(0);
  #scratch: Buffer = Buffer.alloc(0);
  #isClosed = false;

  /** @param closed called once; whoever opened the asset closes its handle then */
  constructor(asset: OpenAsset, cache: BlockCache, closed: () => void) {
    this.name = asset.name;
    this.sizeBytes = asset.sizeBytes;
    this.#asset = asset;
    this.#cache = cache;
    this.#closed = closed;
  }

  read(offset: number, length: number): Uint8Array | Promise<Uint8Array> {
    const end = Math.min(offset + length, this.sizeBytes);
    if (offset >= end) return EMPTY;
    const first = Math.floor(offset / BLOCK_BYTES);
    const last = Math.floor((end - 1) / BLOCK_BYTES);
    const blocks: Buffer[] = [];
    for (let index = first; index <= last; index += 1) {
      const block = this.#inMemory(index);
      if (block === undefined) return this.#readLater(offset, end, first, last);
      blocks.push(block);
    }
    return this.#slice(blocks, first, offset, end);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closed();
  }

  async #readLater(offset: number, end: number, first: number, last: number): Promise<Uint8Array> {
    const blocks: Buffer[] = [];
    for (let index = first; index <= last; index += 1) {
      blocks.push(this.#enter(index, await this.#cache.load(this.#asset, index)));
    }
    return this.#slice(blocks, first, offset, end);
  }

  #inMemory(index: number): Buffer | undefined {
    if (index === this.#currentIndex) return this.#current;
    const block = this.#cache.peek(this.#asset.identity, index);
    return block === undefined ? undefined : this.#enter(index, block);
  }

  #enter(index: number, block: Buffer): Buffer {
    if (index <= this.#currentIndex) return block;
    this.#currentIndex = index;
    this.#current = block;
    this.#readAhead(index + 1);
    return block;
  }

  #readAhead(index: number): void {
    if (this.#isClosed || index * BLOCK_BYTES >= this.sizeBytes) return;
    // A failure is told to whoever needs the block: that read meets it again.
    this.#cache.load(this.#asset, index).catch(() => undefined);
  }

  #slice(blocks: readonly Buffer[], first: number, offset: number, end: number): Uint8Array {
    const start = offset - first * BLOCK_BYTES;
    const only = blocks[0];
    if (blocks.length === 1 && only !== undefined) return only.subarray(start, start + (end - offset));
    if (this.#scratch.length < end - offset) this.#scratch = Buffer.allocUnsafeSlow(end - offset);
    let position = 0;
    blocks.forEach((block, index) => {
      const from = index === 0 ? start : 0;
      position += block.copy(this.#scratch, position, from, Math.min(block.length, from + (end - offset - position)));
    });
    return this.#scratch.subarray(0, position);
  }
}

/** Bytes that were made for this request. */
export class MemoryFile implements ServedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #bytes: Buffer;

  constructor(name: string, text: string) {
    this.name = name;
    this.#bytes = Buffer.from(text, 'utf8');
    this.sizeBytes = this.#bytes.length;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length);
  }

  close(): void {}
}
