import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { bench, fileOf } from './transfer-bench.ts';

/** A small generator (mulberry32), so that a failing run can be repeated from its seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const faults = fc.record({
  seed: fc.integer(),
  sizeBytes: fc.integer({ min: 0, max: 40_000 }),
  blockBytes: fc.integer({ min: 8, max: 1_500 }),
  windowBlocks: fc.integer({ min: 1, max: 20 }),
  lossPercent: fc.integer({ min: 0, max: 60 }),
  doublePercent: fc.integer({ min: 0, max: 60 }),
  jitterMs: fc.integer({ min: 0, max: 400 }),
  slowDisk: fc.boolean(),
});

it('delivers the exact bytes or ends in a failure that is told, whatever is lost, doubled or reordered', async () => {
  let delivered = 0;
  await fc.assert(
    fc.asyncProperty(faults, async (each) => {
      const random = randomFrom(each.seed);
      const bytes = fileOf(Math.min(each.sizeBytes, each.blockBytes * 200));
      const arrival = () => 1 + random() * each.jitterMs;
      const fate = () => {
        if (random() * 100 < each.lossPercent) return [];
        return random() * 100 < each.doublePercent ? [arrival(), arrival()] : [arrival()];
      };
      const view = (offset: number, length: number) => bytes.subarray(offset, offset + length);
      const { transfer, client, clock, ends, wire } = bench({
        bytes,
        options: { blksize: String(each.blockBytes), windowsize: String(each.windowBlocks), tsize: '0' },
        fate,
        ...(each.slowDisk ? { read: async (offset: number, length: number) => view(offset, length) } : {}),
      });
      transfer.start();
      for (let second = 0; second < 2_000 && ends.length === 0; second += 1) {
        if (each.slowDisk) await clock.advanceSettling(1_000, 50);
        else clock.advance(1_000);
      }
      clock.advance(60_000);
      assert.equal(ends.length, 1, 'it ends, once');
      const end = ends[0]?.outcome.end;
      assert.ok(end === 'done' || end === 'unconfirmed' || end === 'stalled', end);
      if (end === 'done') {
        delivered += 1;
        assert.equal(client.complete, true);
        assert.equal(ends[0]?.figures.bytes, bytes.length);
      }
      if (client.complete) assert.ok(Buffer.from(bytes).equals(client.bytes), 'the very bytes');
      assert.equal(clock.pendingTimers, 0);
      const blocks = Math.floor(bytes.length / each.blockBytes) + 1;
      assert.ok(wire.sent.length < 100 + blocks * each.windowBlocks * 20, `${wire.sent.length} sent for ${blocks}`);
    }),
    { numRuns: 300 },
  );
  assert.ok(delivered > 100, `only ${delivered} of 300 came through`);
});
