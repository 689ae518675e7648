import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { lifecycleReference } from '../../../src/lifecycle/life-reference.ts';

test('docs/lifecycle.md is what the table says', () => {
  const committed = readFileSync(new URL('../../../docs/lifecycle.md', import.meta.url), 'utf8');
  assert.equal(committed, lifecycleReference(), 'run `npm run docs`');
});
