import assert from 'node:assert/strict';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AssetCatalogue, type OpenAsset } from '../../../src/services/boot/asset-catalogue.ts';
import { BLOCK_BYTES, BlockCache } from '../../../src/services/boot/block-cache.ts';
import { CachedFile, MemoryFile } from '../../../src/services/boot/cached-file.ts';
import { FakeClock } from '../../harness/clock.ts';
import { temporaryFolder } from './fixtures.ts';

/** Bytes that differ from block to block and from place to place. */
function pattern(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let index = 0; index < sizeBytes; index += 1)
    bytes[index] = (index * 31 + (index >> 8) * 7 + (index >> 16)) & 255;
  return bytes;
}

async function opened(test: TestContext, bytes: Buffer): Promise<{ asset: OpenAsset; path: string }> {
  const folder = await temporaryFolder(test, { file: bytes });
  const catalogue = new AssetCatalogue(folder, { programs: [], modules: [] }, new FakeClock());
  const asset = await catalogue.open('file');
  test.after(() => asset.handle.close());
  return { asset, path: join(folder, 'file') };
}

async function readAll(file: CachedFile, stepBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let offset = 0; offset < file.sizeBytes; offset += stepBytes) {
    parts.push(Buffer.from(await file.read(offset, stepBytes)));
  }
  return Buffer.concat(parts);
}

for (const sizeBytes of [0, 1, 1467, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 17]) {
  for (const stepBytes of [512, 1468 * 64, BLOCK_BYTES, BLOCK_BYTES * 2 + 5]) {
    if (sizeBytes / stepBytes > 2_000) continue;
    test(`${sizeBytes} bytes read in steps of ${stepBytes} are the file's`, async (test) => {
      const bytes = pattern(sizeBytes);
      const { asset } = await opened(test, bytes);
      assert.ok((await readAll(new CachedFile(asset, new BlockCache(), () => undefined), stepBytes)).equals(bytes));
    });
  }
}

test('what is in memory is read at once, and the block after it is fetched ahead', async (test) => {
  const bytes = pattern(3 * BLOCK_BYTES);
  const { asset } = await opened(test, bytes);
  const cache = new BlockCache();
  const first = new CachedFile(asset, cache, () => undefined);
  assert.ok(first.read(0, 1468) instanceof Promise);
  await first.read(0, 1468);
  assert.ok(first.read(1468, 1468) instanceof Uint8Array);
  await cache.load(asset, 1);
  const second = new CachedFile(asset, cache, () => undefined);
  const across = second.read(BLOCK_BYTES - 10, 20);
  assert.ok(across instanceof Uint8Array);
  assert.ok(Buffer.from(across).equals(bytes.subarray(BLOCK_BYTES - 10, BLOCK_BYTES + 10)));
});

test('a block that many wait for is read once', async (test) => {
  const { asset } = await opened(test, pattern(100));
  let reads = 0;
  const counted = Object.create(asset.handle) as typeof asset.handle;
  counted.read = ((...rest: Parameters<typeof asset.handle.read>) => {
    reads += 1;
    return asset.handle.read(...rest);
  }) as typeof asset.handle.read;
  const cache = new BlockCache();
  await Promise.all(Array.from({ length: 50 }, () => cache.load({ ...asset, handle: counted }, 0)));
  assert.equal(reads, 1);
});

test('the cache never holds more than its capacity', async (test) => {
  const { asset } = await opened(test, pattern(10 * BLOCK_BYTES));
  const cache = new BlockCache(3 * BLOCK_BYTES);
  for (let index = 0; index < 10; index += 1) await cache.load(asset, index);
  assert.equal(cache.blockCount, 3);
  assert.equal(cache.peek(asset.identity, 0), undefined);
  assert.ok(cache.peek(asset.identity, 9));
});

test('the block that was used last stays', async (test) => {
  const { asset } = await opened(test, pattern(3 * BLOCK_BYTES));
  const cache = new BlockCache(2 * BLOCK_BYTES);
  await cache.load(asset, 0);
  await cache.load(asset, 1);
  cache.peek(asset.identity, 0);
  await cache.load(asset, 2);
  assert.ok(cache.peek(asset.identity, 0));
  assert.equal(cache.peek(asset.identity, 1), undefined);
});

test('a file that becomes shorter while it is sent is an error, not a hang or wrong bytes', async (test) => {
  const { asset, path } = await opened(test, pattern(2 * BLOCK_BYTES));
  await truncate(path, BLOCK_BYTES);
  const file = new CachedFile(asset, new BlockCache(), () => undefined);
  await file.read(0, 10);
  await assert.rejects(async () => await file.read(BLOCK_BYTES, 10), /became shorter/);
});

test('a transfer is closed once', async (test) => {
  const { asset } = await opened(test, pattern(10));
  let closed = 0;
  const file = new CachedFile(asset, new BlockCache(), () => {
    closed += 1;
  });
  file.close();
  file.close();
  assert.equal(closed, 1);
});

test('a file in memory ends where its text ends', () => {
  const file = new MemoryFile('grub/grub.cfg', 'exit\n');
  assert.equal(Buffer.from(file.read(0, 100)).toString(), 'exit\n');
  assert.equal(file.read(5, 100).length, 0);
});
