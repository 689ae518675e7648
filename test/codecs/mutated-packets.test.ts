import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzCodecs } from '../fuzz/fuzz-codecs.ts';

test('50,000 mutated packets, the same ones each time, are decoded or refused as malformed', () => {
  const report = fuzzCodecs(1, 50_000);
  assert.ok(report.wellFormed > 1000, `only ${report.wellFormed} packets were well-formed`);
  assert.ok(report.malformed > 1000, `only ${report.malformed} packets were malformed`);
});
