import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualPage } from '../../scripts/pack/manual-page.ts';
import { run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

test('the manual page has every command with its options', () => {
  const page = manualPage('1.2.3');
  for (const words of ['serve', 'install\\-service', 'assets import', 'nodes set', 'check\\-config'])
    assert.ok(page.includes(`.SS "${words}`), words);
  assert.match(page, /\\fB\\-\\-dry\\-run\\fR/);
});

test('man reads it without a complaint', { skip: unmet({ tools: ['man', 'groff'] }) }, () => {
  const { code, stderr } = run(['groff', '-man', '-Tutf8', '-ww', '-z'], { input: manualPage('1.2.3') });
  assert.deepEqual([code, stderr], [0, '']);
});
