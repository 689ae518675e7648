import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Command } from 'commander';
import { registerInstallService } from '../../src/cli/install-service.ts';
import type { HostNetwork } from '../../src/config/host-network.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import type { Origin } from '../../src/service-install/install-plan.ts';
import { FakeHost } from '../service-install/fake-host.ts';

const systemd = (name: string) => readFileSync(new URL(`../../systemd/${name}`, import.meta.url), 'utf8');
const CHECKOUT: Origin = {
  root: '/srv/podboot',
  files: {
    unit: systemd('podboot.service'),
    sysusers: systemd('podboot.sysusers'),
    sysctl: systemd('50-podboot.sysctl'),
  },
};
const PACKAGE: Origin = { root: '/usr/lib/podboot', files: undefined };
const NETWORK: HostNetwork = {
  interfaces: [
    {
      name: 'eno2',
      up: true,
      loopback: false,
      addresses: [{ address: parseIpv4('10.77.0.1') ?? 0, prefixLength: 24 }],
    },
  ],
  defaultRoutes: [],
  nameServers: [],
  forwards: false,
} as unknown as HostNetwork;

function ask(host: FakeHost, words: readonly string[], origin = CHECKOUT): { printed: string[]; told: string[] } {
  const printed: string[] = [];
  const told: string[] = [];
  const output = {
    print: (text: string) => printed.push(text),
    tell: (text: string) => told.push(text),
    exitWith() {},
  };
  const program = new Command().exitOverride();
  registerInstallService(program, () => ({ output, host, origin, hostNetwork: () => NETWORK }));
  program.parse(['install-service', ...words], { from: 'user' });
  return { printed, told };
}

const UNIT = '/etc/systemd/system/podboot.service';
const CONFIGURATION = '/etc/podboot/podboot.yaml';

test('a checkout becomes a service: user, folders, configuration, unit, each said in a line', () => {
  const host = new FakeHost();
  const { printed } = ask(host, ['--interface', 'eno2']);

  assert.ok(
    printed.every((line) => /^(done|already) /.test(line)),
    printed.join('\n'),
  );
  assert.match(host.readText(UNIT) ?? '', /^ExecStart=\/srv\/podboot\/bin\/podboot serve --config/m);
  assert.match(host.readText(UNIT) ?? '', /^ExecReload=\/srv\/podboot\/bin\/podboot check-config/m);
  assert.doesNotMatch(host.readText(UNIT) ?? '', /\/usr\/bin\/podboot/);
  assert.match(host.readText(CONFIGURATION) ?? '', /10\.77\.0\.1/);
  assert.deepEqual(
    [host.stat(CONFIGURATION)?.mode, host.stat(CONFIGURATION)?.group, host.stat('/etc/podboot/credentials')?.mode],
    [0o640, 'podboot', 0o700],
  );
  assert.equal(host.readLink('/usr/local/bin/podboot'), '/srv/podboot/bin/podboot');
  assert.ok(host.isEnabled);
  assert.ok(!host.ran.some((line) => /start/.test(line)), 'nothing answers DHCP before somebody looked at the file');
});

test('the second time nothing is done, and what the operator wrote stays', () => {
  const host = new FakeHost();
  ask(host, ['--interface', 'eno2']);
  host.writeText(CONFIGURATION, 'mine', { mode: 0o600, owner: 'root', group: 'root' });
  const before = host.ran.length;
  const { printed } = ask(host, []);

  assert.deepEqual(
    printed.filter((line) => !line.startsWith('already')),
    [],
  );
  assert.equal(host.ran.length, before);
  assert.equal(host.readText(CONFIGURATION), 'mine');
});

test('a dry run says what it would do, to anybody, and does nothing', () => {
  const host = new FakeHost();
  host.isRoot = false;
  const files = host.files.size;
  const { printed } = ask(host, ['--interface', 'eno2', '--dry-run']);

  assert.ok(printed.length > 8 && printed.every((line) => line.startsWith('would')), printed.join('\n'));
  assert.deepEqual([host.files.size, host.ran], [files, []]);
});

test('of a package, unit and user are there: folders, configuration and the start with the machine remain', () => {
  const host = new FakeHost();
  const { printed } = ask(host, ['--interface', 'eno2'], PACKAGE);
  assert.equal(host.readText(UNIT), undefined);
  assert.ok(host.isEnabled);
  assert.ok(!printed.some((line) => /sysusers|unit \//.test(line)));
});

test('taken away again, it leaves configuration and data, and says so', () => {
  const host = new FakeHost();
  ask(host, ['--interface', 'eno2']);
  host.isActive = true;
  const { told } = ask(host, ['--uninstall']);

  assert.deepEqual(
    [host.isEnabled, host.isActive, host.stat(UNIT), host.readLink('/usr/local/bin/podboot')],
    [false, false, undefined, undefined],
  );
  assert.ok(host.stat(CONFIGURATION) !== undefined && host.stat('/var/lib/podboot') !== undefined);
  assert.match(told.join('\n'), /Kept: .*\/var\/lib\/podboot/);
  assert.deepEqual(
    ask(host, ['--uninstall']).printed.filter((line) => line.startsWith('done')),
    [],
  );
});

test('a checkout below a home is shown to the service alone, whatever is in its name', () => {
  const host = new FakeHost();
  ask(host, ['--interface', 'eno2'], { ...CHECKOUT, root: '/home/ann/pod $boot' });
  const unit = host.readText(UNIT) ?? '';
  assert.match(unit, /^ProtectHome=tmpfs\nBindReadOnlyPaths="\/home\/ann\/pod \$boot"$/m);
  assert.match(unit, /^ExecStart="\/home\/ann\/pod \$\$boot\/bin\/podboot" serve/m);
});

for (const [what, change, expected] of [
  [
    'nobody but root',
    (host: FakeHost) => {
      host.isRoot = false;
    },
    /by root/,
  ],
  ['no systemd', (host: FakeHost) => host.remove('/run/systemd/system'), /systemd does not run/],
  [
    'the package beside a checkout',
    (host: FakeHost) =>
      host.writeText('/lib/systemd/system/podboot.service', '', { mode: 0o644, owner: 'root', group: 'root' }),
    /Debian package is installed/,
  ],
  [
    'a checkout that its user may not read',
    (host: FakeHost) => host.writeText('/srv/podboot/src/main.ts', '', { mode: 0o600, owner: 'root', group: 'root' }),
    /may not read/,
  ],
  [
    'a command that fails',
    (host: FakeHost) => {
      host.failing = 'systemctl enable';
    },
    /systemctl enable podboot.service` failed: it would not/,
  ],
] as const) {
  test(`refused, with the mend: ${what}`, () => {
    const host = new FakeHost();
    change(host);
    assert.throws(
      () => ask(host, ['--interface', 'eno2']),
      (error: { message: string; mend?: string }) => {
        assert.match(error.message, expected);
        assert.ok((error.mend ?? '') !== '');
        return true;
      },
    );
  });
}

test('without a configuration and an interface it says which there are, before anything is done', () => {
  const host = new FakeHost();
  assert.throws(
    () => ask(host, []),
    (error: { mend?: string }) => /eno2/.test(error.mend ?? ''),
  );
  assert.deepEqual(host.ran, []);
});
