import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { importPrograms, readPrograms, verifyPrograms } from '../../src/assets/import-programs.ts';
import { NotFound, PodbootError } from '../../src/domain/errors.ts';
import { fakeKernel, listed, temporary, writeFiles } from './media.ts';

/** Any PE program is one for this. */
const X64 = fakeKernel('amd64');
const ARM64 = fakeKernel('arm64');

test('programs are known by their own names and by those of their packages, and their checksums recorded', async (test) => {
  const folder = await temporary(test);
  const assetsDir = join(folder, 'assets');
  await writeFiles(join(folder, 'from'), {
    'snponly.efi': X64,
    'undionly.kpxe': 'a BIOS program',
    'grubnetx64.efi.signed': X64,
    'shimaa64.efi.signed': ARM64,
    'README.md': 'not served',
  });
  const programs = await importPrograms(assetsDir, join(folder, 'from'));
  const names = ['bootnetaa64.efi', 'grubx64.efi', 'snponly.efi', 'undionly.kpxe'];
  assert.deepEqual(programs.map(({ name }) => name).sort(), names);
  assert.deepEqual(await listed(assetsDir), [...names, 'programs.json'].sort());
  assert.deepEqual(await readFile(join(assetsDir, 'grubx64.efi')), X64);
  assert.deepEqual(await verifyPrograms(assetsDir), { count: 4, troubles: [] });

  await writeFile(join(assetsDir, 'snponly.efi'), 'something else');
  assert.match((await verifyPrograms(assetsDir)).troubles[0]?.message ?? '', /snponly.efi is not what was imported/);
  await writeFiles(join(folder, 'newer'), { 'snponly.efi': fakeKernel('amd64', 9) });
  await importPrograms(assetsDir, join(folder, 'newer'));
  assert.deepEqual(await verifyPrograms(assetsDir), { count: 4, troubles: [] });
  assert.equal(
    (await readPrograms(assetsDir)).find(({ name }) => name === 'snponly.efi')?.source,
    join(folder, 'newer/snponly.efi'),
  );
});

test('a program for another machine is refused, and none of its folder is taken', async (test) => {
  const folder = await temporary(test);
  await writeFiles(join(folder, 'from'), { 'ipxe.efi': X64, 'snponly.efi': ARM64 });
  await assert.rejects(importPrograms(join(folder, 'assets'), join(folder, 'from')), (error: unknown) => {
    assert.ok(error instanceof PodbootError);
    assert.match(error.message, /snponly.efi .*: it is for arm64, and snponly.efi is for amd64/);
    return true;
  });
  assert.deepEqual(await listed(join(folder, 'assets')), []);
});

test('a folder without any says which names are looked for', async (test) => {
  const folder = await temporary(test);
  await assert.rejects(importPrograms(join(folder, 'assets'), folder), (error: unknown) => {
    assert.ok(error instanceof NotFound);
    assert.match(error.mend ?? '', /snponly.efi.*grubnetx64.efi.signed/);
    return true;
  });
  await assert.rejects(importPrograms(join(folder, 'assets'), join(folder, 'none')), NotFound);
});
