import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createAssetDirectory } from '../../src/assets/asset-directory.ts';
import { assetNames, lookAt, readManifest } from '../../src/assets/asset-store.ts';
import { importAsset } from '../../src/assets/import-asset.ts';
import { type AssetManifest, MANIFEST_NAME, parseManifest, renderManifest } from '../../src/assets/manifest.ts';
import { removeAsset } from '../../src/assets/remove-asset.ts';
import { verifyAsset } from '../../src/assets/verify-asset.ts';
import { NotFound, PodbootError } from '../../src/domain/errors.ts';
import type { ProfileSettings } from '../../src/domain/settings.ts';
import { fakeInitrd, fakeKernel, listed, temporary, writeFiles } from './media.ts';

async function room(test: TestContext, ...names: string[]): Promise<string> {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  const path = join(folder, 'source');
  await writeFiles(path, { linux: fakeKernel('amd64'), 'initrd.gz': fakeInitrd() });
  for (const name of names.length === 0 ? ['one'] : names) await importAsset({ assetsDir, path, name });
  return assetsDir;
}

test('damage by a look: a missing file, a shorter one, one that was touched', async (test) => {
  const assetsDir = await room(test);
  const kernel = join(assetsDir, 'one/linux');
  const told = () => lookAt(assetsDir, 'one').troubles;
  assert.deepEqual(told(), []);
  await utimes(kernel, 1, 1);
  assert.match(told()[0]?.message ?? '', /one\/linux was changed since it was imported$/);
  assert.match(told()[0]?.mend ?? '', /podboot assets verify one$/);
  await truncate(kernel, 100);
  assert.match(told()[0]?.message ?? '', /one\/linux is damaged: it has 100 bytes, and had 40000 when imported$/);
  await rm(kernel);
  assert.deepEqual(told(), [
    { message: `${kernel} is missing`, mend: 'Import it again: podboot assets import PATH --name one --replace' },
  ]);
  await rm(join(assetsDir, 'one'), { recursive: true });
  assert.match(told()[0]?.message ?? '', /^there is no asset one in /);
});

test('one flipped bit is found by its checksum', async (test) => {
  const assetsDir = await room(test);
  const path = join(assetsDir, 'one/initrd.gz');
  const bytes = await readFile(path);
  bytes[30_000] = (bytes[30_000] ?? 0) ^ 1;
  const before = readManifest(assetsDir, 'one');
  await writeFile(path, bytes);
  await utimes(path, 0, before?.files.find(({ name }) => name === 'initrd.gz')?.mtimeSeconds ?? 0);
  assert.deepEqual(lookAt(assetsDir, 'one').troubles, [], 'a look does not see it');
  const { troubles, timesRenewed } = await verifyAsset(assetsDir, 'one');
  assert.deepEqual([troubles.length, timesRenewed], [1, false]);
  assert.match(troubles[0]?.message ?? '', /initrd.gz is damaged: its checksum is not the one/);
});

test('a backup that was put back has other times: once verified it is right again', async (test) => {
  const assetsDir = await room(test);
  await utimes(join(assetsDir, 'one/linux'), 1_000, 1_000);
  assert.equal(lookAt(assetsDir, 'one').troubles.length, 1);
  const progress: number[] = [];
  const result = await verifyAsset(assetsDir, 'one', { onProgress: ({ doneBytes }) => void progress.push(doneBytes) });
  assert.deepEqual([result.troubles.length, result.timesRenewed], [0, true]);
  assert.equal(progress.at(-1), 100_000);
  assert.deepEqual(lookAt(assetsDir, 'one').troubles, []);
  assert.deepEqual(
    (await listed(assetsDir)).filter((name) => name.includes('json')),
    ['one/asset.json'],
  );
});

test('a file that a link took the place of is not read', async (test) => {
  const assetsDir = await room(test);
  await cp(join(assetsDir, 'one/linux'), join(assetsDir, 'moved'));
  await rm(join(assetsDir, 'one/linux'));
  await symlink('../moved', join(assetsDir, 'one/linux'));
  assert.match((await verifyAsset(assetsDir, 'one')).troubles[0]?.message ?? '', /linux can't be read: ELOOP/);
});

test('an asset is removed whole, one that is not there or no asset not at all', async (test) => {
  const assetsDir = await room(test, 'one', 'two');
  await writeFiles(assetsDir, { 'mine/linux': 'by hand' });
  await removeAsset(assetsDir, 'one');
  assert.deepEqual(assetNames(assetsDir), ['two']);
  for (const name of ['one', 'mine', '..', '../assets/two', 'two/', '']) {
    await assert.rejects(removeAsset(assetsDir, name), NotFound, name);
  }
  assert.deepEqual(await listed(assetsDir), [
    ...['mine', 'mine/linux', 'two', 'two/asset.json', 'two/initrd.gz', 'two/linux'],
  ]);
});

function profile(name: string, change: Partial<ProfileSettings>): [string, ProfileSettings] {
  return [name, { name, kind: 'live', initrds: [], arguments: '', ...change }];
}

test('the list knows who uses what: by the name of the asset, of its files, and through profiles of nodes', async (test) => {
  const assetsDir = await room(test, 'one', 'two', 'three', 'four');
  const profiles = new Map([
    profile('rescue', { asset: 'one' }),
    profile('burn-in', { kernel: 'one/linux' }),
    profile('inventory', { kernel: 'twofold/linux', initrds: ['two/initrd.gz'] }),
  ]);
  const directory = createAssetDirectory({
    folder: () => assetsDir,
    boot: () => ({ profiles, programs: { 'uefi-x64': 'three/snponly.efi' } }),
    nodes: () => [
      { name: 'dgx02', profiles: ['rescue'] },
      { name: 'dgx01', profiles: ['local', 'burn-in'] },
      { name: 'dgx03', profiles: ['local'] },
    ],
  });
  const used = Object.fromEntries(directory.list().map(({ name, usedBy }) => [name, usedBy]));
  assert.deepEqual(used, {
    one: { profiles: ['burn-in', 'rescue'], settings: [], nodes: ['dgx01', 'dgx02'] },
    two: { profiles: ['inventory'], settings: [], nodes: [] },
    three: { profiles: [], settings: ['boot.programs.uefi-x64'], nodes: [] },
    four: { profiles: [], settings: [], nodes: [] },
  });
});

test('the list reads a manifest again only when it has changed, and looks at the files each time', async (test) => {
  const assetsDir = await room(test);
  const directory = createAssetDirectory({
    folder: () => assetsDir,
    boot: () => ({ profiles: new Map(), programs: {} }),
  });
  assert.deepEqual(directory.list()[0]?.troubles, []);
  await truncate(join(assetsDir, 'one/linux'), 1);
  assert.equal(directory.list()[0]?.troubles.length, 1);
  await writeFile(join(assetsDir, 'one', MANIFEST_NAME), '{');
  const [broken] = directory.list();
  assert.deepEqual([broken?.name, broken?.kind], ['one', undefined]);
  assert.match(broken?.troubles[0]?.message ?? '', /one\/asset.json can't be used: it is no JSON/);
  await rm(join(assetsDir, 'one'), { recursive: true });
  assert.deepEqual(directory.list(), []);
});

test('a manifest that is a folder, a FIFO or another asset’s is no manifest', async (test) => {
  const assetsDir = await room(test);
  await cp(join(assetsDir, 'one'), join(assetsDir, 'copied'), { recursive: true });
  assert.match(lookAt(assetsDir, 'copied').troubles[0]?.message ?? '', /it is that of "one"/);
  await mkdir(join(assetsDir, 'folder', MANIFEST_NAME), { recursive: true });
  assert.match(lookAt(assetsDir, 'folder').troubles[0]?.message ?? '', /can't be read/);
  assert.deepEqual(assetNames(assetsDir), ['copied', 'one']);
});

const MANIFEST: AssetManifest = {
  name: 'one',
  kind: 'rocky',
  release: '9.4',
  architecture: 'amd64',
  title: 'Rocky Linux 9.4',
  kernel: 'tree/vmlinuz',
  initrds: ['tree/initrd.img'],
  tree: 'tree',
  source: { path: '/srv/rocky.iso', sizeBytes: 10, mtimeMs: 1.5 },
  importedAt: '2026-01-01T00:00:00.000Z',
  notes: ['links of the medium are not kept: x'],
  files: ['tree/initrd.img', 'tree/vmlinuz'].map((name) => ({
    name,
    sizeBytes: 1,
    sha256: 'a'.repeat(64),
    mtimeSeconds: 1,
  })),
};

test('a manifest is read as it was written', () => {
  const { format, ...read } = JSON.parse(renderManifest(MANIFEST)) as AssetManifest & { format: number };
  assert.equal(format, 1);
  assert.deepEqual(read, MANIFEST);
  assert.deepEqual(parseManifest(renderManifest(MANIFEST), 'one').files, MANIFEST.files);
});

test('no manifest of whatever content leads out of its folder or breaks the reader', () => {
  const whole: unknown = JSON.parse(renderManifest(MANIFEST));
  const leaves = [
    'name',
    'kind',
    'format',
    'kernel',
    'initrds',
    'iso',
    'tree',
    'files',
    'source',
    'notes',
    'architecture',
  ];
  const values = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('../x', '/etc/passwd', 'tree/../../x', '', '.', 'a//b', 'a\0b', 'tree/vmlinuz'),
    fc.constantFrom<unknown>([{ ...MANIFEST.files[0], name: '../../etc/passwd' }], [null], [{}]),
  );
  fc.assert(
    fc.property(fc.constantFrom(...leaves), values, (key, value) => {
      const text = JSON.stringify({ ...(whole as object), [key]: value });
      try {
        const { kernel, initrds, iso, tree, files } = parseManifest(text, 'one');
        for (const path of [
          kernel,
          ...initrds,
          ...(iso === undefined ? [] : [iso]),
          ...files.map((file) => file.name),
        ]) {
          assert.doesNotMatch(path, /(^|\/)\.\.?(\/|$)|^\/|\0/);
        }
        assert.doesNotMatch(tree ?? '', /(^|\/)\.\.(\/|$)|^\//);
      } catch (error) {
        assert.ok(error instanceof PodbootError, String(error));
        assert.match(error.mend ?? '', /--replace/);
      }
    }),
    { numRuns: 2_000 },
  );
});
