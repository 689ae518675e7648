import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lookAt } from '../../src/assets/asset-store.ts';
import { checkSpace } from '../../src/assets/disk-space.ts';
import { importAsset } from '../../src/assets/import-asset.ts';
import { clearLeftovers, workFolderName } from '../../src/assets/leftovers.ts';
import { Staging } from '../../src/assets/staging.ts';
import { verifyAsset } from '../../src/assets/verify-asset.ts';
import { HostRefused } from '../../src/domain/errors.ts';
import { must, run } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { fakeInitrd, fakeKernel, listed, temporary, writeFiles } from './media.ts';

const CHILD = new URL('./import-child.ts', import.meta.url).pathname;
/** Long enough to be killed in the middle of, on a busy machine too. */
const KERNEL_BYTES = 24 << 20;

async function source(folder: string, seed: number): Promise<string> {
  const path = join(folder, `source-${seed}`);
  await writeFiles(path, { linux: fakeKernel('amd64', seed, KERNEL_BYTES), 'initrd.gz': fakeInitrd(seed) });
  return path;
}

/** Starts an import and kills it once it has said that it wrote so much; true where it was killed before its end. */
async function killedAt(assetsDir: string, path: string, doneBytes: number, delayMs: number): Promise<boolean> {
  const child = spawn(process.execPath, [CHILD, assetsDir, path, 'asset'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').some((line) => Number(line) >= doneBytes)) setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  await new Promise((resolve) => child.on('close', resolve));
  return !/imported|replaced/.test(text);
}

/** No half of an asset, ever: it is whole by its checksums, or not there. */
async function assertWholeOrAbsent(assetsDir: string, kernels: readonly Buffer[]): Promise<void> {
  const { manifest } = lookAt(assetsDir, 'asset');
  if (manifest === undefined) {
    const names = await readdir(assetsDir).catch((): string[] => []);
    assert.ok(!names.includes('asset'), 'a folder without its manifest');
    return;
  }
  assert.deepEqual((await verifyAsset(assetsDir, 'asset')).troubles, []);
  const kernel = await readFile(join(assetsDir, 'asset/linux'));
  assert.ok(kernels.some((each) => each.equals(kernel)));
}

test('kill -9 at any moment of an import leaves an asset or none, and the next import clears up', async (test) => {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  const path = await source(folder, 1);
  const kernels = [fakeKernel('amd64', 1, KERNEL_BYTES)];
  let killed = 0;
  let leftSomething = false;
  for (const [doneBytes, delayMs] of [
    [0, 0],
    [1, 0],
    [8 << 20, 0],
    [KERNEL_BYTES, 0],
    [KERNEL_BYTES + 60_000, 0],
    [KERNEL_BYTES + 60_000, 3],
  ] as const) {
    if (await killedAt(assetsDir, path, doneBytes, delayMs)) killed += 1;
    leftSomething ||= (await readdir(assetsDir).catch((): string[] => [])).some((name) =>
      name.startsWith('.podboot-import-'),
    );
    await assertWholeOrAbsent(assetsDir, kernels);
    run(['rm', '-rf', join(assetsDir, 'asset')]);
  }
  assert.ok(killed > 0 && leftSomething, `${killed} were killed before their end`);
  await importAsset({ assetsDir, path, name: 'asset' });
  assert.deepEqual(await readdir(assetsDir), ['asset']);
});

test('kill -9 while one asset takes the place of another: one of them is there', async (test) => {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  const paths = [await source(folder, 1), await source(folder, 2)];
  const kernels = [1, 2].map((seed) => fakeKernel('amd64', seed, KERNEL_BYTES));
  await importAsset({ assetsDir, path: paths[0] ?? '', name: 'asset' });
  for (let round = 0; round < 8; round += 1) {
    await killedAt(assetsDir, paths[(round + 1) % 2] ?? '', KERNEL_BYTES + 60_000, round);
    await clearLeftovers(assetsDir);
    assert.notEqual(lookAt(assetsDir, 'asset').manifest, undefined, `round ${round}`);
    await assertWholeOrAbsent(assetsDir, kernels);
  }
});

test('a replacement that was killed between its two steps is undone by the next import', async (test) => {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  await importAsset({ assetsDir, path: await source(folder, 1), name: 'asset' });
  const dead = workFolderName('replaced', 'asset').replace(`-${process.pid}-`, '-4194305-');
  await rename(join(assetsDir, 'asset'), join(assetsDir, dead));
  const { restored } = await importAsset({ assetsDir, path: await source(folder, 2), name: 'other' });
  assert.deepEqual(restored, ['asset']);
  assert.deepEqual((await verifyAsset(assetsDir, 'asset')).troubles, []);
});

test('leftovers: those of a living import stay, those of another boot stay until they are silent', async (test) => {
  const assetsDir = await temporary(test);
  const living = workFolderName('import');
  const dead = living.replace(`-${process.pid}-`, '-4194305-');
  const reused = living.replace(/-\d+-([0-9a-f]{8})$/, '-1-$1');
  const elsewhere = living.replace(/^(\.podboot-import-)[0-9a-f]{8}/, '$1deadbeef');
  for (const name of [living, dead, reused, elsewhere, '.mine', 'asset']) await mkdir(join(assetsDir, name));
  await clearLeftovers(assetsDir);
  assert.deepEqual(await readdir(assetsDir), ['.mine', living, elsewhere, 'asset'].sort());
  await utimes(join(assetsDir, elsewhere), 1, 1);
  await clearLeftovers(assetsDir);
  assert.deepEqual(await readdir(assetsDir), ['.mine', living, 'asset'].sort());
});

test('too little space is told before anything is written, with what to do', async (test) => {
  const folder = await temporary(test);
  await checkSpace(join(folder, 'not/there/yet'), 1_000, 1);
  await assert.rejects(checkSpace(join(folder, 'not/there/yet'), 1e15, 1), (error: unknown) => {
    assert.ok(error instanceof HostRefused);
    assert.match(error.message, /has \d.* free, and the import needs 1010000.\d GB/);
    assert.match(error.mend ?? '', /^Free space there/);
    return true;
  });
  assert.deepEqual(await listed(folder), []);
});

/** A file system of its own that is soon full; unmounted and removed with the test. */
async function smallDisk(test: TestContext, sizeBytes: number): Promise<string> {
  let folder = '';
  // Before the folder itself is removed: the test ends what it began in this order.
  test.after(() => run(['umount', folder]));
  folder = join(await temporary(test), 'assets');
  await mkdir(folder);
  must(['mount', '-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'podboot-test', folder]);
  return folder;
}

test('a small disk is refused before the first byte', { skip: unmet({ root: true }) }, async (test) => {
  const assetsDir = await smallDisk(test, 4 << 20);
  const path = await source(await temporary(test), 1);
  await assert.rejects(importAsset({ assetsDir, path, name: 'asset' }), /and the import needs 9\d MB/);
  assert.deepEqual(await listed(assetsDir), []);
});

test('a disk that somebody else fills meanwhile: told with its mend, and nothing is left', {
  skip: unmet({ root: true }),
}, async (test) => {
  const assetsDir = await smallDisk(test, 4 << 20);
  await writeFile(join(assetsDir, 'other'), Buffer.alloc(1 << 20));
  const staging = await Staging.create(assetsDir);
  const bytes = Buffer.alloc(6 << 20, 1);
  const sink = await staging.open('linux', bytes.length, () => undefined);
  await assert.rejects(sink.write(bytes), (error: unknown) => {
    assert.ok(error instanceof HostRefused);
    assert.match(error.message, /is full \(ENOSPC\)/);
    assert.match(error.mend ?? '', /^Free space there/);
    return true;
  });
  await staging.discard();
  assert.deepEqual(await listed(assetsDir), ['other']);
});

test('a folder that may not be written is told with who may', {
  skip: unmet({ root: true, tools: ['setpriv'] }),
}, async (test) => {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  await mkdir(assetsDir);
  const path = await source(folder, 1);
  must(['chmod', '-R', 'a+rX', folder]);
  const asNobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath];
  const { code, stderr } = run([...asNobody, CHILD, assetsDir, path, 'asset']);
  assert.equal(code, 1);
  assert.match(stderr, /may not be written by this user \(EACCES\)/);
});

test('whoever owns the folder can put no link in the way of root', { skip: unmet({ root: true }) }, async (test) => {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  const staging = await Staging.create(assetsDir);
  const [name = ''] = await readdir(assetsDir);
  await mkdir(join(folder, 'target'));
  await rename(join(assetsDir, name), join(assetsDir, '.aside'));
  must(['ln', '-s', join(folder, 'target'), join(assetsDir, name)]);
  const sink = await staging.open('etc/passwd', 1, () => undefined);
  await sink.write(Buffer.from('x'));
  await sink.end();
  assert.deepEqual(await readdir(join(folder, 'target')), []);
  assert.deepEqual(await readdir(join(assetsDir, '.aside')), ['etc']);
  await staging.discard();
});
