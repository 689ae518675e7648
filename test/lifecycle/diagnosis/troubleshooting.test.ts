import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CAUSES } from '../../../src/lifecycle/diagnosis/diagnose.ts';
import { troubleshootingReference } from '../../../src/lifecycle/diagnosis/troubleshooting.ts';

test('every cause stands in docs/troubleshooting.md with what is seen of it and what to do', () => {
  const page = troubleshootingReference();
  for (const { code } of CAUSES)
    assert.match(page, new RegExp(`^\\| [^|]+ \\| \`${code}\`: [^|]+ \\| [^|]+[.?] \\|$`, 'm'));
});

test('docs/troubleshooting.md is what the code says; `npm run docs` writes it', () => {
  const path = new URL('../../../docs/troubleshooting.md', import.meta.url);
  assert.equal(readFileSync(path, 'utf8'), troubleshootingReference());
});
