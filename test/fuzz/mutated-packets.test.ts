import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCodecs } from './fuzz-codecs.ts';

/** Each run finds other packets; a seed that found something is given back to repeat it. */
const seed = Number(process.env.PODBOOT_FUZZ_SEED ?? Date.now() % 2 ** 32);
const packets = Number(process.env.PODBOOT_FUZZ_PACKETS ?? 1_000_000);

test(`${packets} mutated packets: no crash, no hang, no growth`, (t) => {
  t.diagnostic(`PODBOOT_FUZZ_SEED=${seed}`);
  const report = fuzzCodecs(seed, packets);
  t.diagnostic(
    `${report.wellFormed} well-formed, ${report.malformed} malformed, slowest ${report.slowestMs.toFixed(2)} ms, ` +
      `heap ${(report.heapGrowthBytes / 1024).toFixed(0)} KiB more`,
  );
  assert.ok(report.wellFormed > packets / 50, `only ${report.wellFormed} packets were well-formed`);
  assert.ok(report.malformed > packets / 50, `only ${report.malformed} packets were malformed`);
  assert.ok(report.heapGrowthBytes < 4 * 1024 * 1024, `the heap grew by ${report.heapGrowthBytes} bytes`);
});
