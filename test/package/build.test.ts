import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from '../../scripts/pack/architecture.ts';
import { buildPackage } from '../../scripts/pack/debian-package.ts';
import { must, run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'podboot-build-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const skip = unmet({ tools: ['dpkg-deb', 'npm'] });
const build = (architecture: (typeof ARCHITECTURES)[number], name: string) =>
  buildPackage({ root, architecture, version: '1.2.3', folder: join(folder, name), epochSeconds: 1_700_000_000 });
const hash = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

for (const architecture of ARCHITECTURES) {
  const machine = { amd64: 0x3e, arm64: 0xb7 }[architecture.debian];

  test(`${architecture.debian}: packed twice, the same bytes; all of its machine code is for it`, {
    skip,
    timeout: 300_000,
  }, async () => {
    const file = await build(architecture, `${architecture.debian}-1`);
    assert.equal(hash(await build(architecture, `${architecture.debian}-2`)), hash(file));
    assert.equal(must(['dpkg-deb', '-f', file, 'Architecture']).trim(), architecture.debian);
    const unpacked = join(folder, architecture.debian);
    must(['dpkg-deb', '-x', file, unpacked]);
    const native = must(['find', unpacked, '(', '-name', '*.node', '-o', '-path', '*/bin/node', ')', '-type', 'f'])
      .trim()
      .split('\n');
    assert.equal(native.length, 3, native.join('\n'));
    // e_machine of the ELF header.
    for (const path of native) assert.equal(readFileSync(path).readUInt16LE(18), machine, path);
  });
}

test('lintian finds no error in it that is not explained', {
  skip: skip || unmet({ tools: ['lintian'] }),
  timeout: 300_000,
}, async () => {
  const [first] = ARCHITECTURES;
  assert.ok(first !== undefined);
  const file = await build(first, 'lintian');
  const { stdout } = run(['lintian', '--allow-root', '--fail-on', 'none', file], { timeoutMs: 200_000 });
  assert.equal(stdout.trim(), '');
});
