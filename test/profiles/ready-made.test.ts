import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkConfig } from '../../src/config/load.ts';
import { readyMadeNames, readyMadeProfile } from '../../src/profiles/ready-made.ts';
import { profileKind } from '../../src/profiles/registry.ts';
import { installValueProblems } from '../../src/profiles/values/check-install-values.ts';

const HEAD = `interfaces: { eno2: { address: 10.77.0.1, dhcp: authoritative } }
subnets: { 10.77.0.0/24: { interface: eno2, pools: [10.77.0.100-10.77.0.199] } }
`;

function settingsOf(rest: string) {
  const { problems, settings } = checkConfig(`${HEAD}${rest}`);
  assert.deepEqual(problems, []);
  return settings!;
}

function problemsOf(rest: string): readonly (readonly [string, string])[] {
  return checkConfig(`${HEAD}${rest}`).problems.map(({ path, message }) => [path, message]);
}

test('every ready-made profile is of a kind that installs, with values that are right', () => {
  for (const name of readyMadeNames()) {
    const profile = readyMadeProfile(name)!;
    assert.deepEqual(installValueProblems(profile.values, name), []);
    assert.ok(profileKind(profile.kind)?.destructive({ name, kind: profile.kind, initrds: [], arguments: '' }), name);
  }
});

test('docs/profiles.md names every one, and says of each what was run as the profile does', () => {
  const text = readFileSync(new URL('../../docs/profiles.md', import.meta.url), 'utf8');
  for (const name of readyMadeNames()) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    assert.ok(row, name);
    const wasRun = /^run in the lab/.test(readyMadeProfile(name)!.lab);
    assert.equal(/\| with [^|]*\|$/.test(row), wasRun, name);
    if (readyMadeProfile(name)!.lab === 'not run') assert.match(row, /\| no \|$/, name);
  }
});

test('two words of podboot.yaml make a profile of a ready-made one', () => {
  const { boot } = settingsOf('profiles: { d12: { base: debian-12 } }\n');
  const profile = boot.profiles.get('d12');
  assert.equal(profile?.kind, 'preseed');
  assert.equal(profile?.asset, 'debian-12-amd64');
  assert.equal(profile?.values?.base.mirror, 'http://deb.debian.org/debian');
});

test('what the profile says itself goes before its base, and arguments of both are passed on', () => {
  const { boot } = settingsOf(
    'profiles: { dgx: { base: dgx-os-7, asset: mine, arguments: force-platform=dgx_h100, values: { console: ttyS1 } } }\n',
  );
  const profile = boot.profiles.get('dgx')!;
  assert.equal(profile.asset, 'mine');
  assert.equal(profile.delivery, 'force-ai');
  assert.match(profile.arguments, /^fsck\.mode=skip .* force-platform=dgx_h100$/);
  assert.equal(profile.values?.own.console, 'ttyS1');
});

test('files of its own take the place of the asset', () => {
  const { boot } = settingsOf('profiles: { d12: { base: debian-12, kernel: di/linux, initrds: [di/initrd.gz] } }\n');
  assert.equal(boot.profiles.get('d12')?.asset, undefined);
});

test('a base that is not there is told with the one that was meant', () => {
  assert.deepEqual(problemsOf('profiles: { d12: { base: debian-21 } }\n'), [
    ['profiles.d12.base', 'there is no ready-made profile debian-21'],
  ]);
});

test('a profile without kind and base says what to write', () => {
  assert.deepEqual(problemsOf('profiles: { x: { arguments: quiet } }\n'), [['profiles.x.kind', 'is missing']]);
});

test('install values are checked where they stand, whichever layer it is', () => {
  assert.deepEqual(
    problemsOf(`profiles: { d12: { base: debian-12, values: { users: [{ name: Root }] } } }
install: { values: { timeZon: UTC, disk: { serial: 5 } } }
roles: { gpu: { values: { packages: chrony } } }
`),
    [
      ['profiles.d12.values.users[0].name', 'must be a user name, is "Root"'],
      ['install.values.timeZon', 'there is no "timeZon" here'],
      ['install.values.disk.serial', 'must be a serial number, is 5'],
      ['roles.gpu.values.packages', 'must be a list, is a list'.replace('is a list', 'is "chrony"')],
    ],
  );
});

test('install values reach the settings by site and role', () => {
  const { boot } = settingsOf(`templatesDir: /etc/podboot/templates
install: { values: { timeZone: Europe/Berlin } }
roles: { gpu: { values: { packages: [nvme-cli] } } }
`);
  assert.deepEqual(boot.install?.site, { timeZone: 'Europe/Berlin' });
  assert.deepEqual(boot.install?.roles.get('gpu'), { packages: ['nvme-cli'] });
  assert.equal(boot.install?.templatesDir, '/etc/podboot/templates');
});
