import assert from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AccessDenied, NotFound } from '../../../src/domain/errors.ts';
import { AssetCatalogue } from '../../../src/services/boot/asset-catalogue.ts';
import { normalizeAssetName } from '../../../src/services/boot/asset-name.ts';
import { FakeClock } from '../../harness/clock.ts';
import { manifestIn, PROGRAM_FILES, temporaryFolder } from './fixtures.ts';

interface Room {
  readonly catalogue: AssetCatalogue;
  readonly clock: FakeClock;
  readonly root: string;
  readonly outside: string;
}

async function room(test: TestContext): Promise<Room> {
  const folder = await temporaryFolder(test, {
    'assets/debian/linux': 'kernel',
    'assets-private/key': 'not in the root, though its name begins like it',
    'outside/secret': 'secret',
    ...Object.fromEntries(Object.entries(PROGRAM_FILES).map(([name, text]) => [`packages/${name}`, text])),
  });
  const clock = new FakeClock();
  const root = join(folder, 'assets');
  const catalogue = new AssetCatalogue(root, manifestIn(join(folder, 'packages')), clock);
  return { catalogue, clock, root, outside: join(folder, 'outside') };
}

async function read(catalogue: AssetCatalogue, name: string): Promise<string> {
  const asset = await catalogue.open(name);
  try {
    const buffer = Buffer.alloc(asset.sizeBytes);
    await asset.handle.read(buffer, 0, buffer.length, 0);
    return buffer.toString();
  } finally {
    await asset.handle.close();
  }
}

test('names lose the slashes that machines put before and between', () => {
  assert.equal(normalizeAssetName('//grubx64.efi'), 'grubx64.efi');
  assert.equal(normalizeAssetName('/grub//grub.cfg'), 'grub/grub.cfg');
  assert.equal(normalizeAssetName('a/b..c/...d'), 'a/b..c/...d');
});

const ESCAPES = [
  '..',
  '../outside/secret',
  '/../outside/secret',
  '//../outside/secret',
  'debian/../../outside/secret',
  'debian/..',
  './debian/linux',
  'debian/./linux',
  '..\\outside\\secret',
  'debian\\..\\..\\outside\\secret',
  '%2e%2e/outside/secret',
  '%2E%2E%2Foutside%2Fsecret',
  '..%2foutside%2fsecret',
  '..%c0%af..%c0%afoutside/secret',
  'debian/linux\0.cfg',
  '\0',
  'debian/\nlinux',
];

for (const name of ESCAPES) {
  test(`the name ${JSON.stringify(name)} is refused`, async (test) => {
    const { catalogue } = await room(test);
    await assert.rejects(catalogue.open(name), AccessDenied);
  });
}

test('an absolute path is a name within the root', async (test) => {
  const { catalogue, root, outside } = await room(test);
  await assert.rejects(catalogue.open('/etc/passwd'), NotFound);
  await assert.rejects(catalogue.open(join(outside, 'secret')), NotFound);
  await assert.rejects(catalogue.open(join(root, 'debian/linux')), NotFound);
});

test('a link that leads out of the root is refused, of a file and of a folder', async (test) => {
  const { catalogue, root, outside } = await room(test);
  await symlink(join(outside, 'secret'), join(root, 'link'));
  await symlink('../../outside', join(root, 'debian/folder'));
  await symlink('../assets-private', join(root, 'sibling'));
  await symlink('/', join(root, 'everything'));
  await assert.rejects(catalogue.open('link'), AccessDenied);
  await assert.rejects(catalogue.open('debian/folder/secret'), AccessDenied);
  await assert.rejects(catalogue.open('sibling/key'), AccessDenied);
  await assert.rejects(catalogue.open('everything/etc/passwd'), AccessDenied);
});

test('a link within the root is followed, a loop of links is not there', async (test) => {
  const { catalogue, root } = await room(test);
  await symlink('debian', join(root, 'stable'));
  await symlink('loop', join(root, 'loop'));
  assert.equal(await read(catalogue, 'stable/linux'), 'kernel');
  await assert.rejects(catalogue.open('loop'), NotFound);
});

test('a link that is put in the place of a file a moment later is not followed', async (test) => {
  const { catalogue, root, outside, clock } = await room(test);
  assert.equal(await read(catalogue, 'debian/linux'), 'kernel');
  await symlink(join(outside, 'secret'), join(root, 'new'));
  await rename(join(root, 'new'), join(root, 'debian/linux'));
  await assert.rejects(catalogue.open('debian/linux'));
  clock.advance(2_000);
  await assert.rejects(catalogue.open('debian/linux'), AccessDenied);
});

test('a link that is put in the place of a folder a moment later is not followed', async (test) => {
  const { catalogue, root, outside, clock } = await room(test);
  await writeFile(join(outside, 'linux'), 'not for machines');
  assert.equal(await read(catalogue, 'debian/linux'), 'kernel');
  await rename(join(root, 'debian'), join(root, 'old'));
  await symlink(outside, join(root, 'debian'));
  await assert.rejects(catalogue.open('debian/linux'), AccessDenied);
  clock.advance(2_000);
  await assert.rejects(catalogue.open('debian/linux'), AccessDenied);
});

test('the root itself may be a link', async (test) => {
  const folder = await temporaryFolder(test, { 'real/linux': 'kernel' });
  await symlink('real', join(folder, 'assets'));
  const catalogue = new AssetCatalogue(join(folder, 'assets'), { programs: [], modules: [] }, new FakeClock());
  assert.equal(await read(catalogue, 'linux'), 'kernel');
});

test('folders, empty names and overlong names are not there', async (test) => {
  const { catalogue } = await room(test);
  for (const name of ['', '/', 'debian', 'debian/', 'x'.repeat(600), `${'y'.repeat(300)}`, 'debian/linux/x']) {
    await assert.rejects(catalogue.open(name), NotFound, name.slice(0, 20));
  }
});

test('a boot program comes from its package, or from the root where it has one of that name', async (test) => {
  const { catalogue, clock, root } = await room(test);
  assert.equal(await read(catalogue, 'snponly.efi'), 'snponly');
  await writeFile(join(root, 'snponly.efi'), 'our own');
  clock.advance(2_000);
  assert.equal(await read(catalogue, 'snponly.efi'), 'our own');
});

test("GRUB's modules come from their package and from nowhere beside it", async (test) => {
  const { catalogue } = await room(test);
  assert.equal(await read(catalogue, '/grub/arm64-efi/http.mod'), 'http');
  await assert.rejects(catalogue.open('grub/arm64-efi/../snponly.efi'), AccessDenied);
  await assert.rejects(catalogue.open('grub/arm64-efi/none.mod'), NotFound);
});

test('a boot program that is not installed is named with its package', async (test) => {
  const folder = await temporaryFolder(test);
  const catalogue = new AssetCatalogue(folder, manifestIn(join(folder, 'packages')), new FakeClock());
  await assert.rejects(catalogue.open('shimx64.efi'), (error: unknown) => {
    assert.ok(error instanceof NotFound);
    assert.match(error.mend ?? '', /Install the package shim-signed/);
    return true;
  });
});

test('a file that is replaced has another identity, the same file the same', async (test) => {
  const { catalogue, root } = await room(test);
  const identity = async (): Promise<string> => {
    const asset = await catalogue.open('debian/linux');
    await asset.handle.close();
    return asset.identity;
  };
  const first = await identity();
  assert.equal(await identity(), first);
  await writeFile(join(root, 'new'), 'kernel');
  await rename(join(root, 'new'), join(root, 'debian/linux'));
  assert.notEqual(await identity(), first);
});

test('a hundred folders deep is no harm', async (test) => {
  const { catalogue, root } = await room(test);
  const deep = Array.from({ length: 100 }, () => 'd').join('/');
  await mkdir(join(root, deep), { recursive: true });
  await writeFile(join(root, deep, 'f'), 'deep');
  assert.equal(await read(catalogue, `${deep}/f`), 'deep');
});
