import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readFile, rename, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lookAt } from '../../src/assets/asset-store.ts';
import { type ImportRequest, type ImportResult, importAsset } from '../../src/assets/import-asset.ts';
import { isoTool } from '../../src/assets/iso-tools.ts';
import { UnreadableMedium } from '../../src/assets/medium.ts';
import { verifyAsset } from '../../src/assets/verify-asset.ts';
import { Conflict, HostRefused, InvalidInput, NotFound, PodbootError } from '../../src/domain/errors.ts';
import { must } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import {
  fakeInitrd,
  fakeKernel,
  ISO_TOOLS,
  listed,
  makeIso,
  noise,
  rocky,
  temporary,
  ubuntu,
  writeFiles,
} from './media.ts';

const skip = unmet({ tools: ISO_TOOLS });

interface Room {
  readonly folder: string;
  readonly assetsDir: string;
  run(path: string, change?: Partial<ImportRequest>): Promise<ImportResult>;
}

async function room(test: TestContext): Promise<Room> {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  return { folder, assetsDir, run: (path, change) => importAsset({ assetsDir, path, now: () => 0, ...change }) };
}

async function refused(promise: Promise<unknown>): Promise<PodbootError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PodbootError, `not refused as it should be: ${String(error)}`);
  assert.notEqual(error.mend, undefined);
  return error;
}

for (const tool of ['bsdtar', 'xorriso'] as const) {
  test(`an Ubuntu ISO by ${tool}: kernel, initrd and the ISO itself, byte for byte`, { skip }, async (test) => {
    const { folder, assetsDir, run } = await room(test);
    const files = ubuntu();
    const iso = await makeIso(folder, files, { name: 'ubuntu-24.04.1-live-server-amd64.iso' });
    const { outcome, manifest } = await run(iso, { tool: isoTool(tool) });
    assert.equal(outcome, 'imported');
    assert.equal(manifest.name, 'ubuntu-24.04-amd64');
    const at = (name: string) => readFile(join(assetsDir, manifest.name, name));
    assert.deepEqual(await at('vmlinuz'), files['casper/vmlinuz']);
    assert.deepEqual(await at('initrd'), files['casper/initrd']);
    assert.deepEqual(await at('ubuntu-24.04.1-live-server-amd64.iso'), await readFile(iso));
    assert.equal(manifest.iso, 'ubuntu-24.04.1-live-server-amd64.iso');
    assert.equal(manifest.importedAt, '1970-01-01T00:00:00.000Z');
    assert.deepEqual(await listed(assetsDir), [
      manifest.name,
      ...['asset.json', 'initrd', 'ubuntu-24.04.1-live-server-amd64.iso', 'vmlinuz'].map(
        (n) => `${manifest.name}/${n}`,
      ),
    ]);
    assert.deepEqual((await verifyAsset(assetsDir, manifest.name)).troubles, []);
  });

  test(`a Rocky ISO by ${tool}: the whole tree, empty files and strange names too`, { skip }, async (test) => {
    const { folder, assetsDir, run } = await room(test);
    const odd = { "docs/we ird$(touch x)'s [1]*?.txt": 'odd', 'docs/grüße.txt': 'hello', 'docs/-rf': '-rf' };
    const files = { ...rocky(), ...odd };
    const iso = await makeIso(folder, files);
    const { manifest } = await run(iso, { tool: isoTool(tool) });
    assert.deepEqual([manifest.kind, manifest.tree, manifest.iso], ['rocky', 'tree', undefined]);
    for (const [name, content] of Object.entries(files)) {
      const found = await readFile(join(assetsDir, manifest.name, 'tree', name));
      assert.deepEqual(found, Buffer.from(content), name);
    }
    assert.equal(manifest.files.length, Object.keys(files).length);
    assert.deepEqual((await verifyAsset(assetsDir, manifest.name)).troubles, []);
  });

  test(`a medium with a thousand files by ${tool}`, { skip }, async (test) => {
    const { folder, assetsDir, run } = await room(test);
    const packages = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`AppStream/Packages/p/package-${index}.rpm`, noise(index, index)]),
    );
    const iso = await makeIso(folder, { ...rocky(), ...packages });
    const { manifest } = await run(iso, { tool: isoTool(tool) });
    assert.equal(manifest.files.length, 1_007);
    assert.deepEqual((await verifyAsset(assetsDir, manifest.name)).troubles, []);
  });

  test(`an ISO that is cut short anywhere, by ${tool}, leaves nothing`, { skip }, async (test) => {
    const { folder, assetsDir, run } = await room(test);
    const iso = await makeIso(folder, ubuntu());
    const { size } = await stat(iso);
    for (const length of [
      0,
      100,
      32_768,
      33_000,
      40_000,
      65_536,
      100_000,
      Math.floor(size / 2),
      size - 2_048,
      size - 1,
    ]) {
      const cut = join(folder, 'cut.iso');
      must(['cp', iso, cut]);
      await truncate(cut, length);
      const { message } = await refused(run(cut, { tool: isoTool(tool) }));
      assert.match(
        message,
        /cut short: it has \d+ bytes of the \d+|bytes, and the head of an ISO image alone/,
        `${length}`,
      );
      assert.deepEqual(await listed(assetsDir), [], `${length}`);
    }
  });

  test(`an ISO whose descriptor lies about its length is caught by ${tool}`, { skip }, async (test) => {
    const { folder, assetsDir, run } = await room(test);
    const iso = await makeIso(folder, ubuntu());
    await truncate(iso, (await stat(iso)).size - 400_000);
    const bytes = await readFile(iso);
    const blocks = Math.floor(bytes.length / 2_048);
    bytes.writeUInt32LE(blocks, 16 * 2_048 + 80);
    bytes.writeUInt32BE(blocks, 16 * 2_048 + 84);
    await writeFile(iso, bytes);
    const error = await refused(run(iso, { tool: isoTool(tool) }));
    assert.ok(error instanceof UnreadableMedium, error.message);
    assert.match(error.mend ?? '', /checksum/);
    assert.deepEqual(await listed(assetsDir), []);
  });
}

test("Debian's own packages are imported", {
  skip: unmet({
    files: ['/usr/lib/debian-installer/images/12/amd64/text', '/usr/lib/debian-installer/images/12/arm64/text'],
  }),
}, async (test) => {
  const { assetsDir, run } = await room(test);
  for (const architecture of ['amd64', 'arm64']) {
    const { manifest } = await run(`/usr/lib/debian-installer/images/12/${architecture}`);
    assert.equal(manifest.name, `debian-12-${architecture}`);
    assert.deepEqual([manifest.release, manifest.architecture], ['12', architecture]);
    const { medium, troubles } = lookAt(assetsDir, manifest.name);
    assert.deepEqual([medium?.kernel, medium?.initrds], [`${manifest.name}/linux`, [`${manifest.name}/initrd.gz`]]);
    assert.deepEqual(troubles, []);
  }
});

test('the same import again says that it is there, also after its medium was moved or downloaded anew', {
  skip,
}, async (test) => {
  const { folder, run } = await room(test);
  const iso = await makeIso(folder, ubuntu());
  await run(iso);
  assert.equal((await run(iso)).outcome, 'there-already');
  await utimes(iso, 1, 1);
  assert.equal((await run(iso)).outcome, 'there-already');
  await mkdir(join(folder, 'elsewhere'));
  await rename(iso, join(folder, 'elsewhere/medium.iso'));
  assert.equal((await run(join(folder, 'elsewhere/medium.iso'))).outcome, 'there-already');
});

test('another medium under the same name is refused, and taken with replace', { skip }, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const { manifest: first } = await run(await makeIso(folder, ubuntu()));
  const newer = await makeIso(
    folder,
    { ...ubuntu(), 'casper/vmlinuz': fakeKernel('amd64', 77) },
    { name: 'medium.iso' },
  );
  const error = await refused(run(newer));
  assert.ok(error instanceof Conflict);
  assert.match(error.message, /there is another asset ubuntu-24.04-amd64: ubuntu-live-server 24.04.1 for amd64/);
  assert.deepEqual(lookAt(assetsDir, first.name).troubles, []);
  const { outcome, manifest } = await run(newer, { replace: true });
  assert.equal(outcome, 'replaced');
  assert.deepEqual(await readFile(join(assetsDir, manifest.name, 'vmlinuz')), fakeKernel('amd64', 77));
  assert.equal((await listed(assetsDir)).filter((name) => name.startsWith('.')).length, 0);
});

test('an asset that was damaged since is mended by the same medium, and whatever its state by replace', {
  skip,
}, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const iso = await makeIso(folder, ubuntu());
  const { manifest } = await run(iso);
  const kernel = join(assetsDir, manifest.name, 'vmlinuz');
  await truncate(kernel, 10);
  assert.equal((await run(iso)).outcome, 'replaced');
  assert.deepEqual(lookAt(assetsDir, manifest.name).troubles, []);
  // What only a checksum finds.
  await writeFile(kernel, Buffer.alloc((await stat(kernel)).size));
  await run(iso, { replace: true });
  assert.deepEqual((await verifyAsset(assetsDir, manifest.name)).troubles, []);
  await writeFile(join(assetsDir, manifest.name, 'asset.json'), '{}');
  const error = await refused(run(iso));
  assert.match(error.message, /asset.json can't be used/);
  assert.match(error.mend ?? '', /--replace/);
  assert.equal((await run(iso, { replace: true })).outcome, 'replaced');
  assert.deepEqual((await verifyAsset(assetsDir, manifest.name)).troubles, []);
});

test('a folder that is no asset is never written over', { skip }, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  await writeFiles(assetsDir, { 'ubuntu-24.04-amd64/mine': 'precious' });
  const iso = await makeIso(folder, ubuntu());
  for (const replace of [false, true]) {
    assert.match((await refused(run(iso, { replace }))).message, /is there, and no imported asset/);
  }
  assert.deepEqual(await listed(assetsDir), ['ubuntu-24.04-amd64', 'ubuntu-24.04-amd64/mine']);
});

test('a kernel for another machine than the medium says is refused before a byte is kept', { skip }, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const iso = await makeIso(folder, { ...ubuntu(), 'casper/vmlinuz': fakeKernel('arm64') });
  assert.match(
    (await refused(run(iso))).message,
    /says that it is for amd64, and casper\/vmlinuz is a kernel for arm64/,
  );
  assert.deepEqual(await listed(assetsDir), []);
});

test('what is no kernel or no initrd is refused', async (test) => {
  const { folder, run } = await room(test);
  const source = join(folder, 'source');
  await writeFiles(source, { linux: '<html>404</html>', 'initrd.gz': fakeInitrd() });
  assert.match((await refused(run(source))).message, /linux is no Linux kernel for amd64 or arm64/);
  await writeFiles(source, { linux: fakeKernel('amd64'), 'initrd.gz': '' });
  assert.match((await refused(run(source))).message, /initrd.gz is no initial RAM disk/);
});

test('links of a folder: within it they are followed, out of it refused', async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const source = join(folder, 'source');
  await writeFiles(source, { 'linux-6.1': fakeKernel('amd64'), 'initrd.gz': fakeInitrd() });
  await symlink('linux-6.1', join(source, 'linux'));
  const { manifest } = await run(source, { name: 'inside' });
  assert.deepEqual(await readFile(join(assetsDir, 'inside/linux')), fakeKernel('amd64'));
  assert.equal(manifest.kernel, 'linux');

  const other = join(folder, 'other');
  await writeFiles(other, { linux: fakeKernel('amd64') });
  await writeFiles(folder, { 'secret.gz': fakeInitrd() });
  await symlink('../secret.gz', join(other, 'initrd.gz'));
  const byHand = { kernel: 'linux', initrds: ['initrd.gz'] };
  assert.match(
    (await refused(run(other, { name: 'outside', byHand }))).message,
    /has a link to "..\/secret.gz" as "initrd.gz"/,
  );
  assert.deepEqual(
    (await listed(assetsDir)).filter((name) => name.includes('outside')),
    [],
  );
});

const HOSTILE_LINKS: readonly (readonly [string, string])[] = [
  ['up', '../../../etc'],
  ['absolute', '/etc/shadow'],
  ['images/pxeboot/up', '../../../x'],
  ['over', 'images/../../x'],
];
for (const [name, target] of HOSTILE_LINKS) {
  test(`a tree with a link ${name} → ${target} is refused`, { skip }, async (test) => {
    const { folder, assetsDir, run } = await room(test);
    const iso = await makeIso(folder, rocky(), { links: { [name]: target } });
    assert.match((await refused(run(iso))).message, /its link .* leads out of it/);
    assert.deepEqual(await listed(assetsDir), []);
  });
}

test('links within a tree are left out, and said to be', { skip }, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const iso = await makeIso(folder, rocky(), { links: { rocky: '.', 'images/latest.img': 'install.img' } });
  const { manifest } = await run(iso);
  assert.deepEqual(manifest.notes, ['links of the medium are not kept: images/latest.img, rocky']);
  assert.equal(
    (await listed(assetsDir)).some((name) => name.endsWith('rocky')),
    false,
  );
});

test('a hostile image: names that lead out are refused, and nothing is written', { skip }, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const iso = await makeIso(folder, { ...rocky(), 'QQ/QQQQQQQQ': 'evil' });
  const bytes = await readFile(iso);
  // The Rock Ridge name (NM) of the folder: `QQ` becomes `..`.
  let patched = 0;
  for (
    let at = bytes.indexOf('NM\x07\x01\0QQ', 0, 'latin1');
    at >= 0;
    at = bytes.indexOf('NM\x07\x01\0QQ', at + 1, 'latin1')
  ) {
    bytes.write('..', at + 5, 'latin1');
    patched += 1;
  }
  assert.ok(patched > 0, 'the name to change is in the image');
  await writeFile(iso, bytes);
  for (const tool of ['bsdtar', 'xorriso'] as const) {
    const before = await listed(folder);
    await run(iso, { tool: isoTool(tool), name: 'evil' }).catch((error: unknown) => {
      assert.ok(error instanceof PodbootError, String(error));
    });
    const after = (await listed(folder)).filter((name) => !before.includes(name));
    assert.equal(
      after.some((name) => !name.startsWith('assets')),
      false,
      'nothing beside the assets',
    );
    assert.equal(
      after.some((name) => name.includes('QQQQQQQQ') && !name.startsWith('assets/evil/tree/')),
      false,
    );
  }
  assert.equal(
    (await listed(assetsDir)).some((name) => name.startsWith('.')),
    false,
  );
});

test('a device on a medium is refused', { skip: unmet({ root: true, tools: ISO_TOOLS }) }, async (test) => {
  const { folder, run } = await room(test);
  const content = join(folder, 'content');
  await writeFiles(content, ubuntu());
  must(['mknod', join(content, 'sda'), 'b', '8', '0']);
  const iso = join(folder, 'medium.iso');
  must(['xorrisofs', '-quiet', '-o', iso, '-R', content]);
  assert.match((await refused(run(iso))).message, /"sda" is a device/);
});

test('an ISO that only root may read is read by a program without rights', {
  skip: unmet({ root: true, tools: ISO_TOOLS }),
}, async (test) => {
  const { folder, run } = await room(test);
  const iso = await makeIso(folder, ubuntu());
  await chmod(iso, 0o600);
  assert.equal((await run(iso, { tool: isoTool('bsdtar') })).outcome, 'imported');
});

test('what root imports belongs to the owner of the assets', {
  skip: unmet({ root: true, tools: ISO_TOOLS }),
}, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  await mkdir(assetsDir);
  await chown(assetsDir, 12_345, 23_456);
  const umask = process.umask(0o077);
  test.after(() => process.umask(umask));
  const { manifest } = await run(await makeIso(folder, rocky()));
  for (const name of ['', 'asset.json', 'tree', 'tree/images/pxeboot', 'tree/images/install.img']) {
    const { uid, gid, mode } = await stat(join(assetsDir, manifest.name, name));
    assert.deepEqual([uid, gid], [12_345, 23_456], name);
    assert.equal(mode & 0o444, 0o444, `${name} can be read by the daemon`);
  }
});

test('media that are none are told apart', async (test) => {
  const { folder, assetsDir, run } = await room(test);
  assert.ok((await refused(run(join(folder, 'none.iso')))) instanceof NotFound);
  await writeFiles(folder, { 'page.iso': '<html>Not found</html>'.repeat(5_000) });
  assert.match((await refused(run(join(folder, 'page.iso')))).message, /no ISO 9660 image/);
  must(['mkfifo', join(folder, 'fifo.iso')]);
  assert.match((await refused(run(join(folder, 'fifo.iso')))).message, /neither a file nor a folder/);
  assert.deepEqual(await listed(assetsDir), []);
});

test('names that would lead elsewhere are refused', async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const source = join(folder, 'source');
  await writeFiles(source, { linux: fakeKernel('amd64'), 'initrd.gz': fakeInitrd() });
  for (const name of ['', '..', '../x', '/x', '.hidden', 'a/b', 'a b', 'x'.repeat(64)]) {
    assert.ok((await refused(run(source, { name }))) instanceof InvalidInput, name);
  }
  assert.deepEqual(await listed(assetsDir), []);
});

test('an import that is interrupted leaves nothing', { skip }, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const iso = await makeIso(folder, { ...ubuntu(), 'casper/big.squashfs': noise(8 << 20, 1) });
  const controller = new AbortController();
  const onProgress = ({ doneBytes }: { doneBytes: number }) => {
    if (doneBytes > 2 << 20) controller.abort();
  };
  await assert.rejects(run(iso, { signal: controller.signal, onProgress }), { name: 'AbortError' });
  assert.deepEqual(await listed(assetsDir), []);
  assert.equal((await run(iso)).outcome, 'imported');
});

test('progress grows to the whole, and knows the whole from the first', { skip }, async (test) => {
  const { folder, run } = await room(test);
  const seen: { doneBytes: number; totalBytes: number }[] = [];
  const { manifest } = await run(await makeIso(folder, ubuntu()), {
    onProgress: (progress) => void seen.push(progress),
  });
  const total = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  assert.deepEqual(new Set(seen.map(({ totalBytes }) => totalBytes)), new Set([total]));
  assert.equal(seen[0]?.doneBytes, 0);
  assert.equal(seen.at(-1)?.doneBytes, total);
  assert.ok(seen.every(({ doneBytes }, index) => index === 0 || doneBytes >= (seen[index - 1]?.doneBytes ?? 0)));
});

test('two imports of one name at the same time: one is there, the other says so', { skip }, async (test) => {
  const { folder, assetsDir, run } = await room(test);
  const iso = await makeIso(folder, ubuntu());
  const outcomes = await Promise.allSettled([run(iso), run(iso), run(iso)]);
  const won = outcomes.filter(({ status }) => status === 'fulfilled');
  assert.ok(won.length >= 1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof Conflict, String(outcome.reason?.stack));
  assert.deepEqual(
    (await listed(assetsDir)).filter((name) => name.startsWith('.')),
    [],
  );
  assert.deepEqual((await verifyAsset(assetsDir, 'ubuntu-24.04-amd64')).troubles, []);
});

test('without bsdtar and xorriso the package is named', { skip }, async (test) => {
  const { folder } = await room(test);
  const iso = await makeIso(folder, ubuntu());
  const { chooseIsoTool } = await import('../../src/assets/iso-tools.ts');
  assert.ok(iso !== '');
  assert.equal(chooseIsoTool('/nonexistent')?.name, 'bsdtar', 'Debian keeps them in /usr/bin, whatever PATH says');
  assert.throws(
    () => chooseIsoTool('', []),
    (error: unknown) => {
      assert.ok(error instanceof HostRefused);
      assert.match(error.mend ?? '', /libarchive-tools \(or xorriso\)/);
      return true;
    },
  );
});
