import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { HEAD_BYTES, identifyInitrd, identifyKernel, peArchitecture } from '../../src/assets/kernel-image.ts';
import { unmet } from '../harness/skip.ts';
import { fakeInitrd, fakeKernel } from './media.ts';

const INSTALLER = '/usr/lib/debian-installer/images/12';
const real = (architecture: string, name: string) =>
  `${INSTALLER}/${architecture}/text/debian-installer/${architecture}/${name}`;

for (const [architecture, format] of [
  ['amd64', 'bzImage'],
  ['arm64', 'arm64 Image'],
] as const) {
  const skip = unmet({ files: [real(architecture, 'linux')] });
  test(`Debian's kernel for ${architecture} is known by its head`, { skip }, () => {
    const head = readFileSync(real(architecture, 'linux')).subarray(0, HEAD_BYTES);
    assert.deepEqual(identifyKernel(head), { architecture, format });
    assert.equal(peArchitecture(head), architecture, 'its EFI stub says the same');
  });

  test(`Debian's kernel for ${architecture}, compressed whole as Ubuntu does for arm64`, { skip }, () => {
    const packed = gzipSync(readFileSync(real(architecture, 'linux')).subarray(0, 1 << 20));
    const found = identifyKernel(packed.subarray(0, HEAD_BYTES));
    // x86 firmware and boot loaders start no compressed bzImage.
    assert.deepEqual(found, architecture === 'arm64' ? { architecture, format: 'arm64 Image, gzip' } : undefined);
  });

  test(`Debian's initrd for ${architecture} is one, and no kernel`, { skip }, () => {
    const head = readFileSync(real(architecture, 'initrd.gz')).subarray(0, HEAD_BYTES);
    assert.equal(identifyInitrd(head), 'gzip');
    assert.equal(identifyKernel(head), undefined);
  });
}

test('GRUB and shim of the package are EFI programs of their machine', {
  skip: unmet({ files: [real('arm64', 'grubaa64.efi')] }),
}, () => {
  assert.equal(peArchitecture(readFileSync(real('arm64', 'grubaa64.efi'))), 'arm64');
  assert.equal(peArchitecture(readFileSync(real('amd64', 'bootnetx64.efi'))), 'amd64');
  assert.equal(identifyKernel(readFileSync(real('arm64', 'grubaa64.efi'))), undefined, 'a boot loader is no kernel');
});

test('a 32-bit bzImage is none that is booted', () => {
  const head = fakeKernel('amd64');
  head.writeUInt16LE(0x3e, 0x236);
  assert.equal(identifyKernel(head), undefined);
});

test('a bzImage from before there was a flag for 64 bits is known by its EFI stub', () => {
  const head = fakeKernel('amd64');
  head.writeUInt16LE(0x020a, 0x206);
  assert.equal(identifyKernel(head)?.architecture, 'amd64');
  head.write('\0\0', 0, 'latin1');
  assert.equal(identifyKernel(head), undefined);
});

test('an EFI zboot kernel tells its machine by its PE header', () => {
  const head = fakeKernel('arm64');
  head.write('\0\0\0\0', 0x38, 'latin1');
  head.write('zimg', 4, 'latin1');
  assert.deepEqual(identifyKernel(head), { architecture: 'arm64', format: 'EFI zboot' });
  head.writeUInt16LE(0x5064, 0x84);
  assert.equal(identifyKernel(head), undefined, 'RISC-V is not booted');
});

test('64 KiB that unpack to gigabytes are given up', () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  const before = process.memoryUsage.rss();
  assert.equal(identifyKernel(bomb.subarray(0, HEAD_BYTES)), undefined);
  assert.ok(process.memoryUsage.rss() - before < 64 << 20);
});

test('initrds are known in every format that Linux unpacks', () => {
  const formats: readonly (readonly [string, string])[] = [
    ['cpio', '0707010000'],
    ['xz', '\xfd7zXZ\0'],
    ['zstd', '\x28\xb5\x2f\xfd'],
    ['lz4', '\x02\x21\x4c\x18'],
    ['bzip2', 'BZh9'],
  ];
  for (const [format, head] of formats) assert.equal(identifyInitrd(Buffer.from(head, 'latin1')), format);
  assert.equal(identifyInitrd(fakeInitrd()), 'gzip');
  for (const head of ['', '\x7fELF', '<html>', '\0\0\0\0']) {
    assert.equal(identifyInitrd(Buffer.from(head, 'latin1')), undefined);
  }
});

test('no head of whatever bytes and length breaks the look at it', () => {
  const whole = fakeKernel('amd64', 1, 1_024);
  const changes = fc.array(fc.tuple(fc.nat({ max: 0x240 }), fc.nat({ max: 255 })), { maxLength: 20 });
  fc.assert(
    fc.property(changes, fc.nat({ max: 1_024 }), fc.boolean(), (edits, length, packed) => {
      const bytes = Buffer.from(whole);
      for (const [offset, value] of edits) bytes[offset] = value;
      const head = packed ? gzipSync(bytes).subarray(0, length) : bytes.subarray(0, length);
      identifyKernel(head);
      peArchitecture(head);
      identifyInitrd(head);
    }),
    { numRuns: 2_000 },
  );
});
