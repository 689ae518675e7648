import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssetLook } from '../../src/assets/asset-store.ts';
import type { AssetManifest } from '../../src/assets/manifest.ts';
import { checkConfig, type Occasion } from '../../src/config/load.ts';
import type { AssetKind, BootMedium } from '../../src/domain/asset.ts';
import type { ProfileSettings } from '../../src/domain/settings.ts';
import { fakeHost } from './fake-host.ts';
import { RIGHT } from './mistakes.ts';

function medium(kind: AssetKind, release: string, change: Partial<BootMedium> = {}): BootMedium {
  const files = ['linux', 'initrd.gz'].map((name) => ({
    name: `medium/${name}`,
    sizeBytes: 1,
    sha256: '0'.repeat(64),
    mtimeSeconds: 1,
  }));
  const boot = { kernel: 'medium/linux', initrds: ['medium/initrd.gz'], files };
  return { name: 'medium', kind, release, architecture: 'amd64', ...boot, ...change };
}

function look(of: BootMedium, troubles: AssetLook['troubles'] = []): AssetLook {
  return { manifest: {} as AssetManifest, medium: of, troubles };
}

const UBUNTU = medium('ubuntu-live-server', '24.04.1', { iso: 'medium/ubuntu.iso' });
const ROCKY = medium('rocky', '9.4', { tree: 'medium/tree' });
const DEBIAN = medium('debian-installer', '12');

function check(profile: string, asset: AssetLook | undefined, occasion: Occasion = 'change') {
  const text = RIGHT.replace('profiles:\n', `profiles:\n  test: ${profile}\n`);
  return checkConfig(text, fakeHost({ assets: asset === undefined ? {} : { medium: asset } }), occasion);
}

function profileOf(checked: ReturnType<typeof check>): ProfileSettings | undefined {
  assert.deepEqual(checked.problems, []);
  return checked.settings?.boot.profiles.get('test');
}

test('a profile that names an asset gets its kernel, initrds and architecture', () => {
  const profile = profileOf(check('{ kind: live, asset: medium }', look(DEBIAN)));
  assert.deepEqual([profile?.kernel, profile?.initrds], ['medium/linux', ['medium/initrd.gz']]);
  assert.deepEqual([profile?.medium, profile?.media], [DEBIAN, undefined]);
});

test('what the profile says itself goes before', () => {
  const profile = profileOf(check('{ kind: live, asset: medium, kernel: debian/linux }', look(DEBIAN)));
  assert.deepEqual([profile?.kernel, profile?.initrds], ['debian/linux', ['medium/initrd.gz']]);
});

const INSTALLERS: readonly (readonly [kind: string, of: BootMedium, media: string | undefined, delivery?: string])[] = [
  ['preseed', DEBIAN, undefined],
  ['preseed', medium('dgx-os', '4.5.0', { tree: 'medium/tree' }), undefined],
  ['autoinstall', UBUNTU, 'medium/ubuntu.iso'],
  ['autoinstall', medium('dgx-os', '7.2.1', { iso: 'medium/dgx.iso' }), 'medium/dgx.iso', 'force-ai'],
  ['curtin', medium('dgx-os', '5.5.1', { iso: 'medium/dgx.iso' }), 'medium/dgx.iso'],
  ['kickstart', ROCKY, 'medium/tree'],
];
for (const [kind, of, media, delivery] of INSTALLERS) {
  test(`${kind} installs ${of.kind} ${of.release}: its installer is told where its media are`, () => {
    const profile = profileOf(check(`{ kind: ${kind}, asset: medium }`, look(of)));
    assert.deepEqual([profile?.media, profile?.delivery], [media, delivery]);
  });
}

test('an installer for another system is refused with the kind that fits', () => {
  const { problems } = check('{ kind: kickstart, asset: medium }', look(UBUNTU));
  assert.deepEqual(
    problems.map(({ path, message, mend }) => [path, message, mend]),
    [
      [
        'profiles.test.kind',
        'kickstart does not install ubuntu-live-server 24.04.1, which medium is',
        'Write `kind: autoinstall`, or name another asset.',
      ],
    ],
  );
});

test('a missing asset: an error for who changes the configuration, a warning at a start, told once', () => {
  const { problems, settings } = check('{ kind: live, asset: medium }', undefined);
  const line = RIGHT.split('\n').indexOf('profiles:') + 2;
  assert.deepEqual(
    problems.map(({ path, message, line }) => [path, message, line]),
    [['profiles.test.asset', 'there is no asset medium', line]],
  );
  assert.equal(settings, undefined);
  const started = check('{ kind: live, asset: medium }', undefined, 'start');
  assert.deepEqual([started.problems.length, started.warnings.length], [0, 1]);
  const profile = started.settings?.boot.profiles.get('test');
  assert.deepEqual([profile?.asset, profile?.medium, profile?.kernel], ['medium', undefined, undefined]);
});

test('a damaged asset likewise, with the command that mends it', () => {
  const trouble = { message: 'medium/linux is damaged', mend: 'podboot assets import PATH --name medium --replace' };
  const { problems } = check('{ kind: live, asset: medium }', look(DEBIAN, [trouble]));
  assert.deepEqual(
    problems.map(({ message, mend }) => ({ message, mend })),
    [trouble],
  );
  const started = check('{ kind: live, asset: medium }', look(DEBIAN, [trouble]), 'start');
  assert.equal(started.warnings.length, 1);
  assert.equal(started.settings?.boot.profiles.get('test')?.kernel, 'medium/linux');
});

test('without the machine an asset is not looked for', () => {
  const text = RIGHT.replace('profiles:\n', 'profiles:\n  test: { kind: autoinstall, asset: medium }\n');
  const { problems, settings } = checkConfig(text);
  assert.deepEqual(problems, []);
  assert.equal(settings?.boot.profiles.get('test')?.asset, 'medium');
});

test('a name that is none of an asset is refused', () => {
  const { problems } = check('{ kind: live, asset: ../medium }', look(DEBIAN));
  assert.equal(problems[0]?.path, 'profiles.test.asset');
});
