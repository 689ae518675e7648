import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientCounts } from '../../src/domain/client-counts.ts';

test('what clients hold is counted for each, and given back to each', () => {
  const counts = new ClientCounts();
  counts.add('a');
  counts.add('a');
  counts.add('b');
  assert.deepEqual([counts.of('a'), counts.of('b'), counts.of('c')], [2, 1, 0]);
  counts.remove('a');
  counts.remove('b');
  assert.deepEqual([counts.of('a'), counts.of('b')], [1, 0]);
});

test('what was never held is not owed', () => {
  const counts = new ClientCounts();
  counts.remove('a');
  counts.add('a');
  assert.equal(counts.of('a'), 1);
});
