import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { must, run } from './process.ts';

/** Kept between runs: it takes a minute to make. */
const BASE = process.env.PODBOOT_TEST_DEBIAN ?? '/var/tmp/podboot-test-debian-12';
const MIRROR = 'http://deb.debian.org/debian';
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'procps', 'libcap2-bin', 'libstdc++6'];
const LIMIT_MS = 300_000;

/** A small Debian 12 with systemd in a folder. @returns why there can be none here, or undefined */
export function prepareDebian(): string | undefined {
  if (existsSync(BASE)) return undefined;
  const half = `${BASE}.${process.pid}`;
  const made = run(['debootstrap', '--variant=minbase', `--include=${PACKAGES.join(',')}`, 'bookworm', half, MIRROR], {
    timeoutMs: LIMIT_MS,
  });
  if (made.code !== 0) {
    rmSync(half, { recursive: true, force: true });
    return `debootstrap can't make a Debian 12 from ${MIRROR}: ${made.stdout.trim().split('\n').at(-1) ?? ''}`;
  }
  renameSync(half, BASE);
  return undefined;
}

/** A copy of it, for one test to change. */
export function debianRoot(): string {
  const folder = mkdtempSync('/var/tmp/podboot-test-root-');
  rmSync(folder, { recursive: true });
  must(['cp', '-a', '--reflink=auto', BASE, folder], { timeoutMs: LIMIT_MS });
  return folder;
}

/** The same as the only layer of an image; for what is built from images. */
export function debianTar(file: string): void {
  must(['tar', '-C', BASE, '--exclude=./var/cache/apt/*', '-cf', file, '.'], { timeoutMs: LIMIT_MS });
}

export function putIn(root: string, from: string, to: string): void {
  cpSync(from, join(root, to));
}
