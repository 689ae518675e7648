import { dirname, join } from 'node:path';
import { architectureIn, architectureNamed, type Layout, type LayoutReader, titleOf } from '../layout.ts';
import { fileAt, type Medium, readText, UnreadableMedium } from '../medium.ts';
import { dgxRelease, diskInfo, firstRelease } from './disk-info.ts';

interface Found {
  readonly kernel: string;
  readonly initrd: string;
  /** The folder that holds version.info. */
  readonly top: string;
  readonly architecture: string | undefined;
}

/**
 * debian-installer for network boot: a folder of the Debian package, an unpacked netboot.tar.gz, the folder with `linux`
 * alone, or the one that older ISOs carry in install/netboot.
 */
export const netboot: LayoutReader = {
  looksFor: 'debian-installer/<architecture>/linux and initrd.gz (debian-installer for network boot)',

  async read(medium): Promise<Layout | undefined> {
    const found = chooseOne(medium, findNetboot(medium));
    if (found === undefined) return undefined;
    if (medium.isIso) return ofIso(medium, found, []);
    const version = (await readText(medium, join(found.top, 'version.info'))) ?? '';
    const release = /^Debian version:\s*(\S+)/m.exec(version)?.[1] ?? '';
    const architecture = architectureNamed(found.architecture);
    const family = /ubuntu-installer/.test(found.kernel) ? 'ubuntu' : 'debian';
    return {
      kind: 'debian-installer',
      release,
      ...(architecture === undefined ? {} : { architecture }),
      family,
      title: titleOf(version.replaceAll(/\s+/g, ' ')) || `${family}-installer`,
      kernel: found.kernel,
      initrds: [found.initrd],
      keepsIso: false,
      keepsTree: false,
      notes: [],
    };
  },
};

/** Installer ISOs of debian-cd: their initrd looks for packages on a drive, their tree is a mirror. */
export const debianCd: LayoutReader = {
  looksFor: 'install.amd/vmlinuz or install.a64/vmlinuz with initrd.gz (debian-cd ISO)',

  async read(medium): Promise<Layout | undefined> {
    for (const folder of ['install.amd', 'install.a64', 'install']) {
      const kernel = `${folder}/vmlinuz`;
      const initrd = `${folder}/initrd.gz`;
      if (fileAt(medium, kernel) === undefined || fileAt(medium, initrd) === undefined) continue;
      const architecture = { 'install.amd': 'amd64', 'install.a64': 'arm64' }[folder];
      return ofIso(medium, { kernel, initrd, top: '', architecture }, [
        'its initrd looks for its packages on a CD drive: for an installation by network import debian-installer for network boot (package debian-installer-12-netboot-amd64 or -arm64); this one’s tree can be its mirror',
      ]);
    }
    return undefined;
  },
};

async function ofIso(medium: Medium, found: Found, notes: readonly string[]): Promise<Layout> {
  const info = await diskInfo(medium);
  const dgx = dgxRelease(medium, info);
  const architecture = architectureNamed(found.architecture) ?? architectureIn(info);
  const family = /ubuntu/i.test(info) ? 'ubuntu' : 'debian';
  return {
    kind: dgx === undefined ? 'debian-installer' : 'dgx-os',
    // DGX OS 4 is the last that debian-installer installs.
    release: dgx === undefined ? firstRelease(info) : dgx || '4',
    ...(architecture === undefined ? {} : { architecture }),
    family: dgx === undefined ? family : 'dgx-os',
    title: info,
    kernel: found.kernel,
    initrds: [found.initrd],
    keepsIso: false,
    keepsTree: true,
    notes,
  };
}

function findNetboot(medium: Medium): Found[] {
  const all: Found[] = [];
  for (const path of medium.entries.keys()) {
    const match = /^((?:.*\/)?)(?:debian|ubuntu)-installer\/([a-z0-9]+)\/(?:linux|vmlinuz)$/.exec(path);
    if (match === null) continue;
    const found = beside(medium, path, match[1] ?? '', match[2]);
    if (found !== undefined) all.push(found);
  }
  if (all.length > 0 || medium.isIso) return all;
  const alone = beside(medium, 'linux', '', undefined);
  return alone === undefined ? [] : [alone];
}

function beside(medium: Medium, kernel: string, top: string, architecture: string | undefined): Found | undefined {
  const initrd = join(dirname(kernel), 'initrd.gz');
  if (fileAt(medium, kernel) === undefined || fileAt(medium, initrd) === undefined) return undefined;
  return { kernel, initrd, top, architecture };
}

/** The package holds a text and a graphical one; which a serial console needs is no question. */
function chooseOne(medium: Medium, all: readonly Found[]): Found | undefined {
  const found = all.length < 2 ? all : all.filter(({ kernel }) => !/(^|\/)gtk\//.test(kernel));
  if (found.length < 2) return found[0];
  const folders = found.map(({ kernel, top }) => (top === '' ? dirname(kernel) : join(top, '.'))).sort();
  throw new UnreadableMedium(
    `${medium.path} holds ${found.length} installers: ${folders.slice(0, 8).join(', ')}`,
    `Import one of them: podboot assets import ${join(medium.path, folders[0] ?? '')}`,
  );
}
