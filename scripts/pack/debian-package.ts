import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Architecture } from './architecture.ts';
import { gzip, layTree, settleModes } from './tree.ts';

export interface PackageOptions {
  /** The checkout. */
  readonly root: string;
  readonly architecture: Architecture;
  readonly version: string;
  /** Where the package is written. */
  readonly folder: string;
  /** Of every file in it, seconds since 1970. */
  readonly epochSeconds: number;
}

const SCRIPTS = ['postinst', 'prerm', 'postrm'];

/** @returns the path of the package */
export async function buildPackage(options: PackageOptions): Promise<string> {
  const { root, architecture, version, folder, epochSeconds } = options;
  const target = mkdtempSync(join(tmpdir(), 'podboot-deb-'));
  try {
    await layTree(root, target, options);
    const documents = join(target, 'usr/share/doc/podboot');
    writeFileSync(join(documents, 'changelog.gz'), gzip(changelog(version, epochSeconds)));
    const overrides = join(target, 'usr/share/lintian/overrides');
    mkdirSync(overrides, { recursive: true });
    cpSync(join(root, 'debian', 'lintian-overrides'), join(overrides, 'podboot'));

    const control = join(target, 'DEBIAN');
    const files = filesOf(target);
    mkdirSync(control);
    writeFileSync(join(control, 'md5sums'), files.map((file) => `${md5(join(target, file))}  ${file}\n`).join(''));
    const sizeKib = Math.ceil(files.reduce((sum, file) => sum + statSync(join(target, file)).size, 0) / 1024);
    writeFileSync(join(control, 'control'), controlFile(root, { architecture, version, sizeKib }));
    for (const name of SCRIPTS) cpSync(join(root, 'debian', name), join(control, name));
    settleModes(target);

    mkdirSync(folder, { recursive: true });
    const file = join(folder, `podboot_${version}_${architecture.debian}.deb`);
    // Zstandard unpacks four times as fast as xz; dpkg has it since Debian 12 and Ubuntu 18.04. One thread: the same bytes.
    const packed = spawnSync(
      'dpkg-deb',
      ['--root-owner-group', '-Zzstd', '-z12', '--threads-max=1', '--build', target, file],
      { encoding: 'utf8', env: { ...process.env, SOURCE_DATE_EPOCH: String(epochSeconds) } },
    );
    if (packed.status !== 0) throw new Error(`dpkg-deb failed: ${packed.error?.message ?? packed.stderr}`);
    return file;
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

function controlFile(
  root: string,
  { architecture, version, sizeKib }: { architecture: Architecture; version: string; sizeKib: number },
): string {
  return readFileSync(join(root, 'debian', 'control.in'), 'utf8')
    .replace('@VERSION@', version)
    .replace('@ARCHITECTURE@', architecture.debian)
    .replace('@SIZE@', String(sizeKib));
}

/** Debian's form; what changed stands in NEWS.gz. */
function changelog(version: string, epochSeconds: number): string {
  const date = new Date(epochSeconds * 1000).toUTCString().replace('GMT', '+0000');
  return `podboot (${version}) stable; urgency=medium\n\n  * See NEWS.gz.\n\n -- podboot <podboot@localhost>  ${date}\n`;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** What dpkg --verify compares with. */
function md5(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex');
}
