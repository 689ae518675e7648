import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const OUTPUT = new URL('../../src/cli/output.ts', import.meta.url).pathname;

test('a reader that has seen enough ends the command without a word', () => {
  const script = `
    import { processOutput } from '${OUTPUT}';
    for (let line = 0; line < 100_000; line += 1) processOutput.print('line ' + line);
  `;
  const command = `"${process.execPath}" --input-type=module -e "$SCRIPT" | head -n 1`;
  const result = spawnSync('sh', ['-c', command], { env: { ...process.env, SCRIPT: script }, encoding: 'utf8' });
  assert.equal(result.stdout, 'line 0\n');
  assert.equal(result.stderr, '');
});
