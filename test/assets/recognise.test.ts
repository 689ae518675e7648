import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Layout } from '../../src/assets/layout.ts';
import { parseTreeInfo } from '../../src/assets/layouts/red-hat.ts';
import { UnreadableMedium } from '../../src/assets/medium.ts';
import { layoutByHand, recognise } from '../../src/assets/recognise.ts';
import { type Files, fakeInitrd, fakeKernel, memoryMedium, rocky, TREE_INFO, ubuntu } from './media.ts';

const K = fakeKernel('amd64');
const I = fakeInitrd();

interface Case {
  readonly name: string;
  readonly files: Files;
  readonly options?: Parameters<typeof memoryMedium>[1];
  readonly expected: Partial<Layout>;
}

const netboot = (prefix: string, family = 'debian', architecture = 'amd64'): Files => ({
  [`${prefix}${family}-installer/${architecture}/linux`]: K,
  [`${prefix}${family}-installer/${architecture}/initrd.gz`]: I,
});
const FOLDER = { isIso: false, path: '/usr/lib/debian-installer/images/12/amd64' };

const CASES: readonly Case[] = [
  {
    name: "the folder of Debian's package, with its text and its graphical installer",
    files: {
      ...netboot('text/'),
      ...netboot('gtk/'),
      'text/version.info': 'Debian version:  12 (bookworm)\nInstaller build: 20230607+deb12u15\n',
    },
    options: FOLDER,
    expected: {
      kind: 'debian-installer',
      release: '12',
      architecture: 'amd64',
      family: 'debian',
      kernel: 'text/debian-installer/amd64/linux',
      initrds: ['text/debian-installer/amd64/initrd.gz'],
      keepsIso: false,
      keepsTree: false,
    },
  },
  {
    name: 'an unpacked netboot.tar.gz of Ubuntu 18.04',
    files: netboot('', 'ubuntu', 'arm64'),
    options: FOLDER,
    expected: { kind: 'debian-installer', family: 'ubuntu', release: '', architecture: 'arm64' },
  },
  {
    name: 'the folder with linux and initrd.gz alone',
    files: { linux: K, 'initrd.gz': I },
    options: FOLDER,
    expected: { kind: 'debian-installer', kernel: 'linux', initrds: ['initrd.gz'] },
  },
  {
    name: 'an Ubuntu live-server ISO',
    files: ubuntu(),
    expected: {
      kind: 'ubuntu-live-server',
      release: '24.04.1',
      architecture: 'amd64',
      family: 'ubuntu',
      kernel: 'casper/vmlinuz',
      initrds: ['casper/initrd'],
      keepsIso: true,
      keepsTree: false,
      notes: [],
    },
  },
  {
    name: 'an Ubuntu live-server ISO for arm64',
    files: ubuntu('arm64', 'Ubuntu-Server 22.04.4 LTS "Jammy Jellyfish" - Release arm64 (20240216)'),
    expected: { kind: 'ubuntu-live-server', release: '22.04.4', architecture: 'arm64' },
  },
  {
    name: 'DGX OS 7, by what it says',
    files: ubuntu('amd64', 'DGX OS Server 7.2.1 - Release amd64'),
    expected: { kind: 'dgx-os', release: '7.2.1', family: 'dgx-os', architecture: 'amd64', keepsIso: true },
  },
  {
    name: 'DGX OS 6 that calls itself Ubuntu, by its volume identifier',
    files: ubuntu('amd64', 'Ubuntu-Server 22.04 LTS "Jammy Jellyfish" - Release amd64 (20230601)'),
    options: { volumeId: 'DGX_OS_6_3_2' },
    expected: { kind: 'dgx-os', release: '6', keepsIso: true },
  },
  {
    name: 'DGX OS 7 for arm64, by the name of its file alone',
    files: ubuntu('arm64', 'Ubuntu-Server 24.04 LTS "Noble Numbat" - Release arm64'),
    options: { path: '/srv/iso/DGXOS-7.1.0-2025-05-01-arm64.iso' },
    expected: { kind: 'dgx-os', release: '7.1.0', architecture: 'arm64' },
  },
  {
    name: 'DGX OS 5: live-boot, kernel and initrd at the top',
    files: { '.disk/info': 'DGX OS 5.5.1 amd64', vmlinuz: K, initrd: I, 'live/filesystem.squashfs': 'x' },
    expected: { kind: 'dgx-os', release: '5.5.1', kernel: 'vmlinuz', initrds: ['initrd'], keepsIso: true },
  },
  {
    name: 'DGX OS 5 that does not say its release: its layout does',
    files: { '.disk/info': 'NVIDIA DGX', 'live/vmlinuz': K, 'live/initrd.img': I },
    expected: { kind: 'dgx-os', release: '5', kernel: 'live/vmlinuz' },
  },
  {
    name: "DGX OS 4: debian-installer, and its tree is the packages' mirror",
    files: { '.disk/info': 'DGX OS Server 4.5.0 amd64', ...netboot('install/netboot/', 'ubuntu') },
    expected: {
      kind: 'dgx-os',
      release: '4.5.0',
      keepsTree: true,
      kernel: 'install/netboot/ubuntu-installer/amd64/linux',
    },
  },
  {
    name: 'a debian-cd ISO, with what its initrd lacks',
    files: {
      '.disk/info': 'Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 DVD Binary-1 with firmware 20240210-11:28',
      'install.amd/vmlinuz': K,
      'install.amd/initrd.gz': I,
    },
    expected: { kind: 'debian-installer', release: '12.5.0', architecture: 'amd64', family: 'debian', keepsTree: true },
  },
  {
    name: 'Rocky Linux',
    files: rocky(),
    expected: {
      kind: 'rocky',
      release: '9.4',
      architecture: 'amd64',
      family: 'rocky',
      title: 'Rocky Linux 9.4',
      kernel: 'images/pxeboot/vmlinuz',
      initrds: ['images/pxeboot/initrd.img'],
      keepsIso: false,
      keepsTree: true,
      notes: [],
    },
  },
  {
    name: 'RHEL for arm64',
    files: {
      ...rocky(),
      '.treeinfo': TREE_INFO.replaceAll('x86_64', 'aarch64').replace('Rocky Linux\n', 'Red Hat Enterprise Linux\n'),
    },
    expected: { kind: 'rocky', family: 'rhel', architecture: 'arm64' },
  },
];

for (const { name, files, options, expected } of CASES) {
  test(`recognised: ${name}`, async () => {
    const found = await recognise(memoryMedium(files, options));
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[key as keyof Layout], value, key);
  });
}

test('what a medium lacks is told with it', async () => {
  const cd = await recognise(memoryMedium({ 'install.amd/vmlinuz': K, 'install.amd/initrd.gz': I }));
  assert.match(cd.notes[0] ?? '', /looks for its packages on a CD drive.*debian-installer-12-netboot-amd64/);
  const { 'BaseOS/repodata/repomd.xml': _, ...boot } = rocky();
  assert.match((await recognise(memoryMedium(boot))).notes[0] ?? '', /holds no packages/);
  const desktop = await recognise(memoryMedium(ubuntu('amd64', 'Ubuntu 24.04 LTS "Noble Numbat" - Release amd64')));
  assert.match(desktop.notes[0] ?? '', /does not say that it is a server medium/);
});

async function refusal(...medium: Parameters<typeof memoryMedium>): Promise<UnreadableMedium> {
  const error = await recognise(memoryMedium(...medium)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof UnreadableMedium, String(error));
  return error;
}

test('an unknown layout is refused with everything that was looked for', async () => {
  const { message, mend } = await refusal({ 'boot/vmlinuz': K, 'boot/initrd.img': I });
  for (const name of ['.treeinfo', 'casper/vmlinuz', 'debian-installer/<architecture>/linux', 'install.amd/vmlinuz']) {
    assert.ok(message.includes(name), `${name} in ${message}`);
  }
  assert.match(mend ?? '', /--kernel PATH --initrd PATH/);
});

test('a folder with installers for two machines is refused with the folders to choose from', async () => {
  const files = { ...netboot('amd64/text/'), ...netboot('arm64/text/', 'debian', 'arm64') };
  const { message, mend } = await refusal(files, { isIso: false, path: '/images/12' });
  assert.match(message, /holds 2 installers: amd64\/text, arm64\/text/);
  assert.equal(mend, 'Import one of them: podboot assets import /images/12/amd64/text');
});

test('an unpacked Ubuntu ISO is refused: its installer fetches the ISO', async () => {
  const { mend } = await refusal(ubuntu(), { isIso: false });
  assert.equal(mend, 'Import the ISO file.');
});

test('a tree whose .treeinfo names files that are not there is refused', async () => {
  const { 'images/pxeboot/initrd.img': _, ...files } = rocky();
  assert.match((await refusal(files)).message, /names images\/pxeboot\/initrd.img, which it does not hold/);
});

test('by hand, the files that are named are taken, and a link that leads out is said to be one', () => {
  const medium = memoryMedium({ 'boot/vmlinuz': K, 'boot/i1': I, 'boot/i2': I }, { links: { sneaky: '/etc/shadow' } });
  const layout = layoutByHand(medium, { kernel: 'boot/vmlinuz', initrds: ['boot/i1', 'boot/i2'], release: '3' });
  assert.deepEqual([layout.kind, layout.release, layout.initrds.length], ['other', '3', 2]);
  assert.throws(() => layoutByHand(medium, { kernel: 'vmlinuz', initrds: [] }), /holds no file "vmlinuz"/);
  assert.throws(() => layoutByHand(medium, { kernel: 'sneaky', initrds: [] }), /link to "\/etc\/shadow" as "sneaky"/);
});

test('.treeinfo is read with comments, spaces and Windows line ends', () => {
  const info = parseTreeInfo(
    '[general]\r\n# no\r\n; no\r\nName = Rocky Linux 9.4 \r\narch=x86_64\r\n[x]\r\nbroken\r\n',
  );
  assert.deepEqual(
    [...(info.get('general') ?? [])],
    [
      ['name', 'Rocky Linux 9.4'],
      ['arch', 'x86_64'],
    ],
  );
  assert.equal(info.get('x')?.size, 0);
});
