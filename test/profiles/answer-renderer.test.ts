import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';
import { InvalidInput } from '../../src/domain/errors.ts';
import { parseMac } from '../../src/domain/mac.ts';
import { mergeInstallValues } from '../../src/profiles/values/merge-install-values.ts';
import { CONTEXT, FULL, fileNamed, KEY, KINDS, node, profile, rendererOf, SHA512, type World } from './fixture.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-renderer-'));
  writeFileSync(join(folder, 'hash'), `${SHA512}\n`);
  writeFileSync(join(folder, 'plain'), 'hunter2\n');
  writeFileSync(join(folder, 'token'), 'registry "token"\n');
});
after(() => rmSync(folder, { recursive: true, force: true }));

function refusal(world: World, name: string, target = node()): InvalidInput {
  try {
    rendererOf(world).render(target, name, CONTEXT);
  } catch (error) {
    assert.ok(error instanceof InvalidInput, String(error));
    return error;
  }
  assert.fail('it was rendered');
}

function autoinstallOf(world: World, target = node()) {
  return parse(fileNamed(rendererOf(world).render(target, 'autoinstall', CONTEXT), 'user-data')).autoinstall;
}

test('values come from the site, are overridden by the roles in their order, and last by the node', () => {
  const world: World = {
    site: { timeZone: 'Europe/Berlin', locale: 'de_DE.UTF-8', packages: ['chrony'], disk: { bus: 'nvme' } },
    roles: {
      gpu: { locale: 'en_GB.UTF-8', packages: ['nvme-cli'], disk: { serial: 'A' } },
      slurm: { packages: ['munge'] },
    },
  };
  assert.equal(autoinstallOf(world).timezone, 'Europe/Berlin');
  assert.deepEqual(autoinstallOf(world, node({ roles: ['gpu', 'slurm'] })).packages, ['munge']);
  assert.deepEqual(autoinstallOf(world, node({ roles: ['slurm', 'gpu'] })).packages, ['nvme-cli']);
  const own = node({ roles: ['gpu'], install: { timeZone: 'Asia/Tokyo', packages: null } });
  assert.equal(autoinstallOf(world, own).timezone, 'Asia/Tokyo');
  assert.deepEqual(autoinstallOf(world, own).packages, [], 'null takes away what the layers below say');
  assert.equal(autoinstallOf(world, own).locale, 'en_GB.UTF-8');
});

test('keys within keys are merged, but a disk is chosen by one layer alone', () => {
  assert.deepEqual(
    mergeInstallValues([
      {
        disk: { bus: 'nvme', maxSize: '1TB' },
        infiniband: { bondAddress: '10.1.0.1/24', mtu: 2044 },
        variables: { a: 1 },
      },
      { disk: { serial: 'A' }, infiniband: { mtu: 4092 }, variables: { b: 2 } },
    ]),
    { disk: { serial: 'A' }, infiniband: { bondAddress: '10.1.0.1/24', mtu: 4092 }, variables: { a: 1, b: 2 } },
  );
});

test('a profile made of a ready-made one keeps its values until the site or the profile says otherwise', () => {
  const base = profile({ kind: 'preseed', values: { base: { mirror: 'http://deb.debian.org/debian' }, own: {} } });
  const mirrorOf = (world: World) =>
    /mirror\/http\/hostname string (.*)/.exec(
      fileNamed(rendererOf(world).render(node(), 'preseed', CONTEXT), 'preseed.cfg'),
    )?.[1];
  assert.equal(mirrorOf({ profiles: [base] }), 'deb.debian.org');
  assert.equal(mirrorOf({ profiles: [base], site: { mirror: 'http://site.example.com/d' } }), 'site.example.com');
  const own = { ...base, values: { base: base.values?.base ?? {}, own: { mirror: 'http://own.example.com/d' } } };
  assert.equal(mirrorOf({ profiles: [own], site: { mirror: 'http://site.example.com/d' } }), 'own.example.com');
});

test('what is wrong in a layer is told where it was written', () => {
  const error = refusal(
    { roles: { gpu: { timeZone: 5 } } },
    'preseed',
    node({ roles: ['gpu'], install: { disks: {} } }),
  );
  assert.deepEqual(
    error.problems.map(({ path }) => path),
    ['roles.gpu.values.timeZone', 'install of the node dgx01.disks'],
  );
});

test("a template's error names its file, its line and the value that is missing", () => {
  mkdirSync(join(folder, 'site'), { recursive: true });
  writeFileSync(join(folder, 'site', 'own.preseed'), '# one\n# two\nd-i a/b string {{ install.variables.cluster }}\n');
  const own = profile({ kind: 'preseed', template: 'site/own.preseed' });
  const error = refusal({ templatesDir: folder, profiles: [own] }, 'preseed');
  assert.equal(error.problems[0]?.path, join(folder, 'site', 'own.preseed'));
  assert.equal(error.problems[0]?.line, 3);
  assert.match(error.message, /line 3: there is no value install\.variables\.cluster/);
  assert.match(error.mend ?? '', /Write variables\.cluster under values of install/);
});

test("podboot's own template says what it can't do without", () => {
  const error = refusal({ profiles: [profile({ kind: 'preseed' })] }, 'preseed');
  assert.match(
    error.message,
    /boot-assets\/preseed\/preseed\.cfg\.liquid, line \d+: \{\{ install\.mirror\.protocol \}\} has no value/,
  );
});

test('a template that is no Liquid, or uses what there is not, is refused with its line', () => {
  for (const [text, expected] of [
    ['a\n{% if %}', /line 2/],
    ['{{ node.name | shout }}', /line 1: undefined filter: shout/],
    ['a\n\n{{ node.name', /line 3/],
    ['{% include "nowhere.preseed" %}', /nowhere\.preseed/],
    ['{% include "shell/early.sh.liquid" %}', /is a template for shell/],
    ['{{ node.constructor.name }}', /there is no value/],
    ['{{ install.proxy }}', /install\.proxy \}\} has no value/],
  ] as const) {
    writeFileSync(join(folder, 'wrong.preseed'), text);
    const own = profile({ kind: 'preseed', template: 'wrong.preseed' });
    assert.match(refusal({ templatesDir: folder, profiles: [own] }, 'preseed').message, expected, text);
  }
});

test("an operator's own template may build on podboot's, and takes its place by its name", () => {
  writeFileSync(
    join(folder, 'more.preseed'),
    "{% include 'preseed/preseed.cfg.liquid' %}d-i a/b string {{ secrets.token }}\n",
  );
  const own = profile({ kind: 'preseed', template: 'more.preseed' });
  const site = { mirror: 'http://deb.debian.org/debian', secrets: { token: { file: join(folder, 'token') } } };
  const renderer = rendererOf({ templatesDir: folder, profiles: [own], site });
  const text = fileNamed(renderer.render(node(), 'preseed', CONTEXT), 'preseed.cfg');
  assert.match(text, /^d-i mirror\/http\/hostname string deb\.debian\.org$/m);
  assert.match(text, /\nd-i a\/b string registry "token"\n$/);

  const other = mkdtempSync(join(tmpdir(), 'podboot-renderer-'));
  mkdirSync(join(other, 'shell'));
  writeFileSync(join(other, 'shell', 'late.sh.liquid'), 'echo {{ node.name }}\n');
  const late = rendererOf({ templatesDir: other, site }).render(node(), 'preseed', CONTEXT);
  assert.equal(fileNamed(late, 'late.sh'), "echo 'dgx01'\n");
  rmSync(other, { recursive: true });
});

test('secrets reach the node and no eye: what people are shown is masked everywhere', () => {
  const hash = { file: join(folder, 'hash') };
  const site = {
    ...FULL,
    rootPasswordHash: hash,
    users: [{ name: 'ops', passwordHash: hash, sshKeys: [KEY] }],
    secrets: { token: { file: join(folder, 'token') } },
  };
  for (const { name } of KINDS) {
    const renderer = rendererOf({ site });
    const real = JSON.stringify(renderer.render(node(), name, CONTEXT));
    assert.ok(real.includes(SHA512), name);
    const masked = JSON.stringify(
      renderer.preview(node(), name, { ...CONTEXT, token: 'masked', baseUrl: 'http://10.77.0.1/install/masked/' }),
    );
    for (const secret of [SHA512, 'hunter2', 'registry', CONTEXT.token])
      assert.ok(!masked.includes(secret), `${name}: ${secret}`);
    assert.ok(masked.includes('********'), name);
  }
});

test('a password in plain text is refused, and its file is named without what is in it', () => {
  const error = refusal({ site: { ...FULL, rootPasswordHash: { file: join(folder, 'plain') } } }, 'kickstart');
  assert.match(error.message, /rootPasswordHash what its file holds is no password hash/);
  assert.match(error.mend ?? '', /mkpasswd/);
  assert.ok(!JSON.stringify([error.message, error.problems]).includes('hunter2'));
});

test('a secret that stands in the configuration itself is refused without being repeated', () => {
  for (const [written, expected] of [
    [SHA512, /a hash stands here itself/],
    ['hunter2', /in plain text/],
  ] as const) {
    const error = refusal({ site: { rootPasswordHash: written } }, 'kickstart');
    assert.match(error.message, expected);
    assert.ok(!JSON.stringify([error.message, error.problems]).includes(written));
  }
});

test('secrets may come from systemd credentials, and what is not there is told', () => {
  const site = { ...FULL, rootPasswordHash: { credential: 'hash' } };
  assert.ok(
    JSON.stringify(rendererOf({ site, credentialsDir: folder }).render(node(), 'kickstart', CONTEXT)).includes(SHA512),
  );
  const loaded = join(folder, 'loaded');
  mkdirSync(loaded);
  writeFileSync(join(loaded, 'podboot_hash'), SHA512);
  assert.ok(
    JSON.stringify(rendererOf({ site, credentialsDir: loaded }).render(node(), 'kickstart', CONTEXT)).includes(SHA512),
    'of a folder that systemd loaded as a whole',
  );
  assert.match(refusal({ site }, 'kickstart').message, /without systemd's credentials/);
  assert.match(refusal({ site, credentialsDir: join(folder, 'no') }, 'kickstart').message, /can't be read: ENOENT/);
});

test('the same is rendered again, byte for byte', () => {
  for (const { name } of KINDS) {
    const renderer = rendererOf({ site: FULL });
    assert.deepEqual(renderer.render(node(), name, CONTEXT), renderer.render(node(), name, CONTEXT));
  }
});

test('the NIC is the one that boots unless another is named', () => {
  const two = node({
    interfaces: [...node().interfaces, { name: 'eno2', role: 'other', mac: parseMac('52:54:00:77:00:02')! }],
  });
  const deviceOf = (site: World['site'], target = two) =>
    /--device=(\S+)/.exec(
      fileNamed(rendererOf({ site: { ...FULL, ...site } }).render(target, 'kickstart', CONTEXT), 'ks.cfg'),
    )?.[1];
  assert.equal(deviceOf({}), '52:54:00:77:00:01');
  assert.equal(deviceOf({ interface: 'eno2' }), '52:54:00:77:00:02');
  assert.equal(deviceOf({ interface: '52-54-00-77-00-09' }), '52:54:00:77:00:09');
  assert.equal(deviceOf({ interface: 'enp1s0' }), 'enp1s0');
});

test("curtin's disk is chosen by serial number or path, and by nothing that it would guess from", () => {
  for (const disk of [undefined, {}, { bus: 'nvme' }, { serial: 'A', bus: 'nvme' }]) {
    assert.match(refusal({ site: disk === undefined ? {} : { disk } }, 'curtin').message, /disk curtin takes the disk/);
  }
});

test('a profile that is not there is refused with those that are', () => {
  assert.match(refusal({ profiles: KINDS }, 'nonesuch').problems[0]?.mend ?? '', /There are preseed, autoinstall/);
});
