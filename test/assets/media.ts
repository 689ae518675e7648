import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Medium, MediumEntry } from '../../src/assets/medium.ts';
import type { Architecture } from '../../src/domain/asset.ts';
import { must } from '../harness/process.ts';

/** What `test/setup interop` installs. */
export const ISO_TOOLS = ['bsdtar', 'xorriso', 'xorrisofs'];

/** A kernel as far as its head tells: bzImage (protocol 2.15, 64-bit) or arm64 Image, then noise that differs by `seed`. */
export function fakeKernel(architecture: Architecture, seed = 1, sizeBytes = 40_000): Buffer {
  const bytes = noise(sizeBytes, seed);
  bytes.fill(0, 0, 0x400);
  bytes.write('MZ', 0, 'latin1');
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0', 0x80, 'latin1');
  if (architecture === 'arm64') {
    bytes.write('ARMd', 0x38, 'latin1');
    bytes.writeUInt16LE(0xaa64, 0x84);
    return bytes;
  }
  bytes.writeUInt16LE(0x8664, 0x84);
  bytes.writeUInt16LE(0xaa55, 0x1fe);
  bytes.write('HdrS', 0x202, 'latin1');
  bytes.writeUInt16LE(0x020f, 0x206);
  bytes.writeUInt16LE(0x3f, 0x236);
  return bytes;
}

export function fakeInitrd(seed = 2, sizeBytes = 60_000): Buffer {
  const bytes = noise(sizeBytes, seed);
  bytes.writeUInt16BE(0x1f8b, 0);
  return bytes;
}

export function noise(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed >>> 0;
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export type Files = Readonly<Record<string, string | Buffer>>;

export const UBUNTU_INFO = 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)\n';

export function ubuntu(architecture: Architecture = 'amd64', info = UBUNTU_INFO): Files {
  return {
    '.disk/info': info,
    'casper/vmlinuz': fakeKernel(architecture),
    'casper/initrd': fakeInitrd(),
    'casper/filesystem.squashfs': noise(300_000, 9),
    'md5sum.txt': 'of no importance\n',
  };
}

export const TREE_INFO = `[general]
; the older part
arch = x86_64
family = Rocky Linux
name = Rocky Linux 9.4
version = 9.4

[images-x86_64]
initrd = images/pxeboot/initrd.img
kernel = images/pxeboot/vmlinuz
`;

export function rocky(): Files {
  return {
    '.treeinfo': TREE_INFO,
    'images/pxeboot/vmlinuz': fakeKernel('amd64', 3),
    'images/pxeboot/initrd.img': fakeInitrd(4),
    'images/install.img': noise(200_000, 5),
    'BaseOS/repodata/repomd.xml': '<repomd/>',
    'BaseOS/Packages/b/bash-5.1.8-9.el9.x86_64.rpm': noise(5_000, 6),
    'BaseOS/Packages/empty': '',
  };
}

export async function temporary(test: TestContext): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'podboot-assets-')));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** An ISO with Rock Ridge names of these files, made by a program that we did not write. */
export async function makeIso(
  folder: string,
  files: Files,
  options: {
    readonly volumeId?: string;
    readonly links?: Readonly<Record<string, string>>;
    readonly name?: string;
  } = {},
): Promise<string> {
  const content = await mkdtemp(join(folder, 'iso-'));
  await writeFiles(content, files);
  for (const [name, target] of Object.entries(options.links ?? {})) await symlink(target, join(content, name));
  const path = join(folder, options.name ?? 'medium.iso');
  must(['xorrisofs', '-quiet', '-o', path, '-V', options.volumeId ?? 'MEDIUM', '-R', '-iso-level', '3', content]);
  await rm(content, { recursive: true });
  return path;
}

/** Everything below a folder, with the names of half-made ones too. */
export async function listed(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true }).catch(() => []);
  return found.sort();
}

/** A medium in memory. */
export function memoryMedium(
  files: Files,
  options: {
    readonly isIso?: boolean;
    readonly volumeId?: string;
    readonly path?: string;
    readonly links?: Files;
  } = {},
): Medium {
  const contents = new Map(Object.entries(files).map(([path, content]) => [path, Buffer.from(content)]));
  const entries = new Map<string, MediumEntry>();
  for (const [path, content] of contents) entries.set(path, { path, type: 'file', sizeBytes: content.length });
  for (const [path, target] of Object.entries(options.links ?? {})) {
    entries.set(path, { path, type: 'link', sizeBytes: 0, target: String(target) });
  }
  return {
    path: options.path ?? '/media/medium.iso',
    isIso: options.isIso ?? true,
    volumeId: options.volumeId ?? '',
    sizeBytes: 1_000_000,
    entries,
    copy: async (wanted, open) => {
      for (const file of wanted) {
        const sink = await open(file);
        await sink.write(contents.get(file.path) ?? Buffer.alloc(0));
        await sink.end();
      }
    },
  };
}
