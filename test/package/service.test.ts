import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURES } from '../../scripts/pack/architecture.ts';
import { buildPackage } from '../../scripts/pack/debian-package.ts';
import { prepareDebian, putIn } from '../harness/debian-root.ts';
import { TestNetwork } from '../harness/namespace.ts';
import { must, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SystemHost } from '../harness/system-host.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const architecture = ARCHITECTURES.find(({ node }) => node === process.arch);

let skip = unmet({
  root: true,
  tools: ['ip', 'debootstrap', 'systemd-nspawn', 'nsenter', 'dpkg-deb', 'npm', 'udhcpc'],
});
if (skip === false && architecture === undefined) skip = `there is no package for ${process.arch}`;

let network: TestNetwork;
let host: SystemHost;
let folder: string;
let client: ReturnType<TestNetwork['namespace']>;

/** The tests are one story: each begins where the one before it ended. */
before(
  async () => {
    if (skip !== false || architecture === undefined) return;
    skip = prepareDebian() ?? false;
    if (skip !== false) return;
    folder = mkdtempSync(join(tmpdir(), 'podboot-package-'));
    network = new TestNetwork();
    const server = network.namespace('host');
    client = network.namespace('client');
    network.cable({ namespace: server, name: 'eno2', address: '10.77.0.1/24' }, { namespace: client, name: 'eno1' });
    host = await SystemHost.boot(server);
    const epochSeconds = 1_700_000_000;
    for (const version of ['0.1.0', '0.1.1~next']) {
      putIn(
        host.root,
        await buildPackage({ root, architecture, version, folder, epochSeconds }),
        `root/${version}.deb`,
      );
    }
  },
  { timeout: 600_000 },
);
after(async () => {
  await host?.powerOff();
  network?.destroy();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function scenario(name: string, body: () => Promise<void> | void, timeout = 120_000): void {
  test(name, { timeout }, async (context) => {
    if (skip !== false) return context.skip(skip);
    await body();
  });
}

const mainProcess = () => Number(host.property('MainPID'));

async function runsAgain(former: number): Promise<void> {
  await until(() => host.property('ActiveState') === 'active' && mainProcess() !== former && mainProcess() > 0, {
    what: 'the service runs again',
    timeoutMs: 60_000,
    everyMs: 200,
    evidence: () => host.journal(30),
  });
}

/** An address by DHCP from the outside: the service does what it is for. */
function leases(): string {
  const { code, stdout, stderr } = client.run([
    'udhcpc',
    '-i',
    'eno1',
    '-n',
    '-q',
    '-f',
    '-t',
    '8',
    '-T',
    '1',
    '-s',
    '/bin/true',
  ]);
  assert.equal(code, 0, `${stdout}${stderr}\n${host.journal(20)}`);
  return /lease of ([0-9.]+)/.exec(`${stdout}${stderr}`)?.[1] ?? '';
}

scenario('the package is installed: a user of its own, nothing started, its command works from any folder', () => {
  host.must('dpkg', '-i', '/root/0.1.0.deb');
  assert.match(host.must('id', 'podboot'), /podboot/);
  assert.notEqual(host.property('ActiveState'), 'active');
  assert.equal(host.must('sh', '-c', 'cd /usr/share && podboot --version').trim(), '0.1.0');
  assert.equal(host.must('sh', '-c', 'dpkg --verify podboot').trim(), '');
});

scenario('install-service writes the first configuration, and the start is over when every socket is open', () => {
  host.must('podboot', 'install-service', '--interface', 'eno2');
  host.write('/etc/podboot/credentials/root-password', 'a secret\n');
  host.must('systemctl', 'start', 'podboot');
  const sockets = host.must('ss', '-lutnH');
  for (const place of [':67 ', ':69 ', '10.77.0.1:80 ', '127.0.0.1:8067 '])
    assert.ok(sockets.includes(place), `${place}\n${sockets}`);
  assert.match(host.property('StatusText'), /eno2/);
  assert.equal(leases(), leases(), 'the same address again');
});

scenario(
  'it has one capability, a user of its own, and sees no home, no other process and no secret but its own',
  () => {
    const status = host.must('cat', `/proc/${mainProcess()}/status`);
    assert.match(status, /^CapEff:\t0000000000000400$/m);
    assert.match(status, /^CapBnd:\t0000000000000400$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    assert.match(status, /^Seccomp:\t2$/m);
    assert.equal(host.must('ps', '-o', 'user=', '-p', String(mainProcess())).trim(), 'podboot');
    const inside = (...argv: string[]) =>
      host.run([
        'nsenter',
        '-t',
        String(mainProcess()),
        '-m',
        'setpriv',
        '--reuid=podboot',
        '--regid=podboot',
        '--clear-groups',
        ...argv,
      ]);
    assert.equal(inside('cat', '/run/credentials/podboot.service/podboot_root-password').stdout, 'a secret\n');
    assert.notEqual(inside('cat', '/etc/podboot/credentials/root-password').code, 0);
    assert.notEqual(inside('ls', '/root').code, 0);
    assert.match(inside('touch', '/usr/lib/podboot/x').stderr, /Read-only file system/);
  },
);

scenario('a reload takes up a changed file, and a wrong one fails with its mistakes while the old one goes on', () => {
  const process = mainProcess();
  const good = host.read('/etc/podboot/podboot.yaml');
  host.write('/etc/podboot/podboot.yaml', good.replace(/^log: .*$/m, 'log: { level: debug }'));
  host.must('systemctl', 'reload', 'podboot');
  host.write('/etc/podboot/podboot.yaml', `${good}\nnonsense: 1\n`);
  assert.notEqual(host.run(['systemctl', 'reload', 'podboot']).code, 0);
  assert.match(host.journal(20), /nonsense/);
  host.write('/etc/podboot/podboot.yaml', good);
  host.must('systemctl', 'reload', 'podboot');
  assert.deepEqual([host.property('ActiveState'), mainProcess()], ['active', process]);
});

scenario('killed, it is back within seconds, and its lease is what it was', async () => {
  const before = leases();
  const process = mainProcess();
  host.must('kill', '-KILL', String(process));
  await runsAgain(process);
  assert.equal(leases(), before);
});

scenario(
  'an event loop that hangs is noticed by the watchdog, and the service is started again',
  async () => {
    const process = mainProcess();
    host.must('kill', '-STOP', String(process));
    await runsAgain(process);
    assert.match(host.must('journalctl', '--no-pager', '-u', 'podboot', '-n', '60'), /Watchdog timeout/);
  },
  180_000,
);

scenario(
  'a run that is under way goes on while the daemon is restarted, killed and upgraded, and is known at its end',
  async () => {
    const id = startRun();
    const begun = runLines();
    const pids = host.must('pgrep', '-f', 'long-run.sh');
    let process = mainProcess();
    host.must('systemctl', 'restart', 'podboot');
    assert.notEqual(mainProcess(), process);
    process = mainProcess();
    host.must('kill', '-KILL', String(process));
    await runsAgain(process);
    host.must('dpkg', '-i', '/root/0.1.1~next.deb');
    assert.equal(host.must('podboot', '--version').trim(), '0.1.1~next');
    assert.equal(host.must('pgrep', '-f', 'long-run.sh'), pids, 'the same process');
    await until(() => runLines() > begun + 2, { what: 'the run goes on writing', timeoutMs: 10_000 });
    assert.equal(runState(id), 'running');
    host.write('/var/lib/podboot/long-run.end', '');
    await until(() => runState(id) === 'succeeded', {
      what: 'the daemon that came later knows the end of the run',
      timeoutMs: 30_000,
      everyMs: 500,
      evidence: () => `${podboot('runs', 'log', id)}\n${host.journal(20)}`,
    });
    assert.match(podboot('runs', 'log', id), /it is over/);
  },
);

scenario('the upgrade started the new version, with the same data and configuration', () => {
  assert.match(host.must('journalctl', '--no-pager', '-u', 'podboot', '-n', '200'), /podboot 0\.1\.1~next serves/);
  assert.ok(leases() !== '');
});

scenario('an upgrade that would refuse the configuration leaves the old daemon at work, and says why', () => {
  const good = host.read('/etc/podboot/podboot.yaml');
  host.write('/etc/podboot/podboot.yaml', `${good}\nnonsense: 1\n`);
  const process = mainProcess();
  const { stdout, stderr } = host.run(['dpkg', '-i', '/root/0.1.0.deb']);
  assert.match(`${stdout}${stderr}`, /nonsense[\s\S]*refuses/);
  assert.equal(mainProcess(), process);
  host.write('/etc/podboot/podboot.yaml', good);
  host.must('dpkg', '-i', '/root/0.1.1~next.deb');
});

scenario('a stop is over within ten seconds, and says that nothing is lost', () => {
  const begun = performance.now();
  host.must('systemctl', 'stop', 'podboot');
  assert.ok(performance.now() - begun < 10_000);
  host.must('journalctl', '--sync');
  assert.match(host.journal(30), /every lease that was acknowledged is on disk/);
  assert.equal(host.property('Result'), 'success');
  host.must('systemctl', 'start', 'podboot');
});

scenario('removed, it keeps configuration and data; purged, nothing of it is left but its user', () => {
  host.must('dpkg', '-r', 'podboot');
  assert.equal(host.run(['pgrep', '-f', 'podboot.js']).code, 1);
  assert.ok(host.read('/etc/podboot/podboot.yaml').length > 0);
  host.must('test', '-s', '/var/lib/podboot/podboot.sqlite3');
  for (const path of ['/usr/lib/podboot', '/usr/bin/podboot', '/lib/systemd/system/podboot.service'])
    assert.notEqual(host.run(['test', '-e', path]).code, 0, path);
  host.run(['rm', '/usr/local/bin/long-run.sh']);
  host.must('dpkg', '-P', 'podboot');
  const left = host.must(
    'find',
    '/etc',
    '/usr',
    '/var',
    '/lib/',
    '-xdev',
    '-name',
    '*podboot*',
    '-not',
    '-path',
    '/var/lib/dpkg/*',
    '-not',
    '-path',
    '/var/log/journal/*',
  );
  assert.equal(left.trim(), '');
});

scenario(
  'a checkout in a home becomes a service, which sees it and nothing else there; taken away, it leaves the data',
  () => {
    host.must('mkdir', '-p', '/home/ann/podboot');
    host.write('/home/ann/secret', 'x');
    for (const name of ['bin', 'src', 'systemd', 'boot-assets', 'docs', 'package.json', 'node_modules'])
      must(['cp', '-aL', join(root, name), join(host.root, 'home/ann/podboot')], { timeoutMs: 120_000 });
    host.must('/home/ann/podboot/bin/podboot', 'install-service', '--interface', 'eno2');
    host.must('systemctl', 'start', 'podboot');
    assert.ok(leases() !== '');
    assert.equal(
      host
        .must('nsenter', '-t', String(mainProcess()), '-m', 'ls', '-A', '/home', '/home/ann')
        .replaceAll(/\s+/g, ' ')
        .trim(),
      '/home: ann /home/ann: podboot',
    );
    host.must('systemctl', 'reload', 'podboot');
    assert.doesNotMatch(host.must('podboot', 'install-service'), /^done/m);
    host.must('podboot', 'install-service', '--uninstall');
    assert.notEqual(host.property('ActiveState'), 'active');
    host.must('test', '-s', '/var/lib/podboot/podboot.sqlite3');
    assert.notEqual(host.run(['test', '-e', '/etc/systemd/system/podboot.service']).code, 0);
  },
);

/** A run of a program that goes on until it is told to end. @returns its id */
function startRun(): string {
  host.write(
    '/usr/local/bin/long-run.sh',
    `#!/bin/sh
until [ -e /var/lib/podboot/long-run.end ]; do
  echo line >>/var/lib/podboot/long-run.log && echo x >/tmp/mine && cat /tmp/mine >/dev/null || exit 1
  sleep 0.5
done
echo it is over
`,
  );
  host.must('chmod', '755', '/usr/local/bin/long-run.sh');
  const configuration = host.read('/etc/podboot/podboot.yaml');
  const cluster = 'clusters: { site: { runner: command, roles: [gpu], argv: [/usr/local/bin/long-run.sh] } }';
  host.write('/etc/podboot/podboot.yaml', `${configuration}\n${cluster}\n`);
  host.must('systemctl', 'reload', 'podboot');
  podboot('enrol', 'dgx01', '--mac', '52:54:00:77:00:01', '--role', 'gpu');
  podboot('ready', 'dgx01');
  const started = JSON.parse(
    podboot('runs', 'start', 'site', '--action', 'add-worker', '--nodes', 'dgx01', '--json'),
  ) as { id: string };
  host.must(
    'sh',
    '-c',
    'for i in 1 2 3 4 5 6 7 8 9; do [ -s /var/lib/podboot/long-run.log ] && exit 0; sleep 0.5; done; exit 1',
  );
  assert.match(host.must('systemctl', 'status', '--no-pager', 'podboot'), /long-run\.sh/);
  return started.id;
}

function podboot(...words: string[]): string {
  return host.must('env', 'PODBOOT_TOKEN_FILE=/var/lib/podboot/first-token', 'podboot', ...words);
}

function runState(id: string): string {
  return (JSON.parse(podboot('runs', 'show', id, '--json')) as { state: string }).state;
}

function runLines(): number {
  return host.read('/var/lib/podboot/long-run.log').split('\n').length;
}
