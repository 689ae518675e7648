import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseMac } from '../../src/domain/mac.ts';
import type { ProfileSettings } from '../../src/domain/settings.ts';
import { kernelArgumentProblems } from '../../src/profiles/kernel-arguments.ts';
import { readyMadeNames } from '../../src/profiles/ready-made.ts';
import { PROFILE_KINDS, profileKind } from '../../src/profiles/registry.ts';
import { renderGrub } from '../../src/services/boot/render-grub.ts';
import { renderIpxe } from '../../src/services/boot/render-ipxe.ts';
import { SHARED, unmet } from '../harness/skip.ts';
import { CONTEXT, FULL, fileNamed, KINDS, node, profile, readyMade, rendererOf } from './fixture.ts';

const MACHINE = { hostName: 'dgx01', mac: parseMac('52:54:00:77:00:01')!, values: FULL };
const SCREEN = { title: 'dgx01', httpOrigin: 'http://10.77.0.1', tftpServer: '10.77.0.1' };
const BASE = CONTEXT.baseUrl;

function bootOf(each: ProfileSettings) {
  const boot = profileKind(each.kind)!.boot(each, CONTEXT, MACHINE);
  assert.equal(boot.action, 'kernel');
  return { ...boot, profile: each.name, reason: 'armed' };
}

/** What each installer has to be told, in its own words. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  preseed: ['auto=true', 'priority=critical', `preseed/url=${BASE}preseed.cfg`, 'hostname=dgx01', 'interface=auto'],
  autoinstall: [
    'autoinstall',
    'cloud-config-url=/dev/null',
    `ds=nocloud;s=${BASE}`,
    'ip=dhcp',
    'url=http://10.77.0.1/assets/x/x.iso',
  ],
  curtin: [`force-curtin=${BASE}curtin.yaml`, 'fetch=http://10.77.0.1/assets/x/x.iso'],
  kickstart: [`inst.ks=${BASE}ks.cfg`, 'inst.repo=http://10.77.0.1/assets/x/tree', 'ip=dhcp'],
};

for (const each of KINDS) {
  test(`${each.kind}: the kernel is told where its answers are, by which NIC it booted and where its console is`, () => {
    const words = bootOf(each).arguments.split(' ');
    for (const word of ANSWERS[each.kind] ?? []) assert.ok(words.includes(word), `${word} in ${words.join(' ')}`);
    assert.ok(words.includes('BOOTIF=01-52-54-00-77-00-01'));
    assert.deepEqual(
      words.filter((word) => word.startsWith('console=')),
      ['console=tty0', 'console=ttyS1,115200n8'],
    );
  });

  test(`${each.kind}: DHCP, which only asks what kind of boot it is, is told no URL`, () => {
    const boot = profileKind(each.kind)!.boot(each);
    assert.ok(boot.action === 'kernel' && !boot.arguments.includes('/install/'));
  });

  test(`${each.kind}: it can write to disks, whatever it says of itself`, () => {
    assert.equal(profileKind(each.kind)!.destructive({ ...each, destructive: false }), true);
    assert.ok(profileKind(each.kind)!.validate({ ...each, destructive: false }).length > 0);
  });
}

test('DGX OS 6 and 7 are told by force-ai, and by no seed', () => {
  const words = bootOf(profile({ kind: 'autoinstall', media: 'x/x.iso', delivery: 'force-ai' })).arguments.split(' ');
  assert.ok(words.includes(`force-ai=${BASE}user-data`));
  assert.ok(!words.some((word) => word.startsWith('ds=')));
});

for (const name of readyMadeNames()) {
  test(`${name}: iPXE and GRUB both pass its arguments on as they are`, () => {
    const each = readyMade(name);
    assert.deepEqual(profileKind(each.kind)!.validate(each), []);
    const decision = bootOf(each);
    assert.deepEqual(kernelArgumentProblems(decision.arguments), []);
    const ipxe = /^kernel .*$/m.exec(renderIpxe(decision, SCREEN))?.[0] ?? '';
    assert.ok(ipxe.includes(decision.arguments), ipxe);
    const grub = /linux .*(?= ;)/.exec(renderGrub(decision, { ...SCREEN, firmware: 'uefi-x64' }))?.[0] ?? '';
    const quoted = [...grub.matchAll(/'([^']*)'/g)].map((match) => match[1]);
    assert.deepEqual(quoted, decision.arguments.split(' '), 'a bare ; would end the command');
  });
}

test('every kind but live, local and a script that says otherwise needs a boot grant', () => {
  const free = PROFILE_KINDS.filter((kind) => !kind.destructive(profile({ kind: kind.kind })));
  assert.deepEqual(
    free.map((kind) => kind.kind),
    ['local', 'live'],
  );
  const { destructive } = profileKind('script')!;
  assert.equal(destructive(profile({ kind: 'script', destructive: false })), false);
});

test("a script's own commands are run as they are, after the addresses it may want", () => {
  const script = `#!ipxe\nset x \${net0/mac}\nchain \${podboot}/assets/esxi.ipxe`;
  const each: ProfileSettings = { name: 'esxi', kind: 'script', initrds: [], arguments: '', script };
  assert.deepEqual(profileKind('script')!.validate(each), []);
  const boot = profileKind('script')!.boot(each, CONTEXT, MACHINE);
  assert.ok(boot.action === 'script');
  const decision = { ...boot, profile: 'esxi', reason: 'armed', answers: BASE };
  const lines = renderIpxe(decision, SCREEN).split('\n');
  assert.deepEqual(lines.slice(2, 6), [
    'set podboot http://10.77.0.1',
    `set answers ${BASE}`,
    `set x \${net0/mac}`,
    `chain \${podboot}/assets/esxi.ipxe`,
  ]);
  assert.match(renderGrub(decision, SCREEN), /is an iPXE script, which GRUB can.t run/);
});

test('a script that is empty, too long or not ASCII is refused', () => {
  const problemsOf = (script: string | undefined) =>
    profileKind('script')!.validate({
      name: 's',
      kind: 'script',
      initrds: [],
      arguments: '',
      ...(script === undefined ? {} : { script }),
    });
  for (const script of [undefined, ' \n', 'x'.repeat(20_000), 'echo ü', 'echo\r\n']) {
    assert.equal(problemsOf(script)[0]?.path, 'profiles.s.script', String(script).slice(0, 20));
  }
});

test('a key that a kind has no use for is refused, not ignored', () => {
  for (const [change, path] of [
    [{ kind: 'preseed', media: 'x/x.iso' }, 'profiles.preseed.media'],
    [{ kind: 'kickstart', media: 'x/tree', delivery: 'force-ai' as const }, 'profiles.kickstart.delivery'],
    [{ kind: 'preseed', script: 'shell' }, 'profiles.preseed.script'],
    [{ kind: 'live', values: { base: {}, own: {} } }, 'profiles.live.values'],
    [{ kind: 'local', template: 'x' }, 'profiles.local.template'],
    [{ kind: 'autoinstall' }, 'profiles.autoinstall.media'],
    [{ kind: 'curtin' }, 'profiles.curtin.media'],
    [{ kind: 'kickstart' }, 'profiles.kickstart.media'],
  ] as const) {
    const paths = profileKind(change.kind)!
      .validate(profile(change))
      .map((problem) => problem.path);
    assert.ok(paths.includes(path), `${path} in ${paths.join(', ')}`);
  }
});

const labinst = unmet({ shared: ['lab/labinst/answers'], tools: ['sh', 'awk'] });

for (const name of [...readyMadeNames(), ...KINDS.map((each) => each.name)]) {
  const each = KINDS.find((known) => known.name === name) ?? readyMade(name);
  const file = { preseed: 'preseed.cfg', autoinstall: 'user-data', kickstart: 'ks.cfg' }[each.kind];
  if (file === undefined) continue;
  test(`${name}: the lab's small installer finds its commands, early and late`, { skip: labinst }, () => {
    const text = fileNamed(rendererOf({ site: FULL, profiles: [each] }).render(node(), name, CONTEXT), file);
    const commands = (when: string) =>
      spawnSync('sh', [join(SHARED, 'lab/labinst/answers'), each.kind, when], {
        input: text,
        encoding: 'utf8',
      }).stdout.trim();
    const url = `'${BASE}early.sh'`;
    const path = '/tmp/podboot/early.sh';
    assert.equal(
      commands('early'),
      `mkdir -p -m 700 /tmp/podboot && { curl -fsS -m 60 -o ${path} ${url} || wget -q -O ${path} ${url}; } && sh ${path}`,
    );
    assert.equal(commands('late'), 'sh /tmp/podboot/late.sh');
  });
}
