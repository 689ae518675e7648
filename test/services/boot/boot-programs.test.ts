import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodbootError } from '../../../src/domain/errors.ts';
import {
  grubProgram,
  installHint,
  loadProgramManifest,
  startProgram,
} from '../../../src/services/boot/boot-programs.ts';
import { temporaryFolder } from './fixtures.ts';

const MANIFEST = loadProgramManifest();

test('the manifest names every program once', () => {
  const names = MANIFEST.programs.map((program) => program.name);
  assert.equal(new Set(names).size, names.length);
});

test('each firmware starts with the program that fits it', () => {
  const name = (...asked: Parameters<typeof startProgram> extends [unknown, ...infer Rest] ? Rest : never) =>
    startProgram(MANIFEST, ...asked)?.name;
  assert.equal(name('bios', 'ipxe', false), 'undionly.kpxe');
  assert.equal(name('uefi-x64', 'ipxe', false), 'snponly.efi');
  assert.equal(name('uefi-x64', 'ipxe', true), 'snponly.efi');
  assert.equal(name('uefi-x64', 'grub', false), 'shimx64.efi');
  assert.equal(name('uefi-x64', 'grub', true), undefined);
  assert.equal(name('uefi-arm64', 'grub', false), 'bootnetaa64.efi');
  assert.equal(name('uefi-arm64', 'ipxe', false), undefined);
  assert.equal(name('uefi-ia32', 'grub', false), undefined);
  assert.equal(grubProgram(MANIFEST, 'uefi-x64')?.name, 'grubx64.efi');
});

test('a missing program is answered with the packages that bring it', () => {
  const shim = startProgram(MANIFEST, 'uefi-arm64', 'grub', false);
  assert.ok(shim);
  assert.match(installHint(shim), /debian-installer-12-netboot-arm64 or shim-signed:arm64/);
});

for (const program of MANIFEST.programs) {
  const packaged = program.sources.some((source) => existsSync(source.path));
  const skip = packaged
    ? false
    : `none of ${program.sources.map((source) => source.package).join(', ')} is installed here`;
  test(`the packages put ${program.name} where the manifest says`, { skip }, () => {
    assert.ok(packaged);
  });
}

const DAMAGED = {
  'not YAML': 'programs: [',
  'an unknown firmware':
    'programs: [{name: a, firmware: mips, loader: ipxe, role: start, overHttp: true, sources: [{package: p, path: /x}]}]\nmodules: []',
  'a relative path':
    'programs: [{name: a, firmware: bios, loader: ipxe, role: start, overHttp: true, sources: [{package: p, path: x}]}]\nmodules: []',
  'nothing in it': '',
};

for (const [what, text] of Object.entries(DAMAGED)) {
  test(`a manifest with ${what} is refused with the mend`, async (test) => {
    const path = join(await temporaryFolder(test), 'programs.yaml');
    await writeFile(path, text);
    assert.throws(
      () => loadProgramManifest(path),
      (error: unknown) => error instanceof PodbootError && error.mend !== undefined,
    );
  });
}
