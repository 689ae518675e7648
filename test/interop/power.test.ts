import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import { type Background, until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip'] });
const BMCS = new URL('../../src/rehearsal/bmc/fleet-main.ts', import.meta.url).pathname;
const COMMAND = new URL('../../bin/podboot', import.meta.url).pathname;
const NODES = 4;

interface Counts {
  readonly on: number;
  readonly off: number;
  readonly isOn: boolean;
}

async function countsOf(bmcs: Background): Promise<readonly Counts[]> {
  const lines = () => bmcs.output.split('\n').filter((line) => line.startsWith('['));
  const before = lines().length;
  bmcs.signal('SIGUSR2');
  await until(() => lines().length > before, { what: 'the counts', timeoutMs: 10_000 });
  return JSON.parse(lines().at(-1) ?? '[]') as readonly Counts[];
}

test('an operator powers nodes by the command line, and an installation powers what has a BMC', {
  skip,
  timeout: 120_000,
}, async () => {
  await using site = new Site();
  const bmcs = site.server.background([process.execPath, BMCS, '--count', String(NODES), '--power-delay', '100']);
  await bmcs.said(/ready/, 20_000);
  const daemon = new Daemon(site.server, {});
  site.daemon = daemon;
  const keyFile = join(daemon.folder, 'power.key');
  const password = join(daemon.folder, 'password');
  writeFileSync(keyFile, 'f'.repeat(64), { mode: 0o600 });
  writeFileSync(password, 'simulated\n', { mode: 0o600 });
  daemon.configure({
    interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: false, http: true } },
    subnets: { '10.77.0.0/24': { interface: 'eno2', pools: ['10.77.0.100-10.77.0.199'] } },
    profiles: { os: { kind: 'preseed', kernel: 'linux', initrds: ['initrd.gz'], arguments: '' } },
    install: { values: { mirror: 'http://deb.debian.org/debian' } },
    dhcp: { probeInterval: '0s' },
    power: { keyFile, offTime: '1s', credentials: [{ use: 'bmc' }] },
  });
  daemon.putAsset('linux', 'kernel');
  daemon.putAsset('initrd.gz', 'initrd');
  await daemon.start();
  const tokenFile = join(daemon.folder, 'first-token');
  const podboot = (...words: string[]) =>
    site.server.run(
      [
        'env',
        `PODBOOT_TOKEN_FILE=${tokenFile}`,
        'USER=anna',
        'SUDO_USER=',
        COMMAND,
        ...words,
        '--api',
        `unix:${daemon.socketPath}`,
      ],
      { timeoutMs: 60_000 },
    );
  for (let number = 1; number <= NODES; number += 1)
    await daemon.enrol({
      name: `dgx0${number}`,
      interfaces: [{ name: 'eno1', role: 'boot', mac: `52:54:00:77:01:0${number}` }],
      ...(number === NODES ? {} : { bmc: { driver: 'ipmi', host: '127.0.0.1', port: 19_999 + number } }),
    });

  const set = podboot('bmc', 'credentials', 'set', 'bmc', '--user', 'admin', '--file', password);
  assert.equal(set.code, 0, set.stderr);
  const tested = podboot('bmc', 'test', 'dgx0[1-3]');
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /3 of 3 are in order/);
  const status = podboot('power', 'status', 'dgx*');
  assert.match(status.stdout, /3 on, 0 off, 1 not known/);

  const dry = podboot('power', 'cycle', 'dgx*', '--stagger', '8/10s', '--dry-run');
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(dry.stdout, /3 would, 1 left alone; nothing was changed/);
  const cycled = podboot('power', 'cycle', 'dgx0[1-3]', '--stagger', '8/10s', '--reason', 'a test');
  assert.equal(cycled.code, 0, cycled.stdout + cycled.stderr);
  assert.match(cycled.stdout, /cycle: 3 done/);
  assert.deepEqual(
    (await countsOf(bmcs)).map(({ on, off }) => [on, off]),
    [
      [2, 1],
      [2, 1],
      [2, 1],
      [1, 0],
    ],
  );
  assert.match(podboot('jobs').stdout, /job-\S+\s+cycle\s+done\s+3\s+3/);

  const installed = podboot('install', 'dgx0[3-4]', '--profile', 'os');
  assert.equal(installed.code, 0, installed.stdout + installed.stderr);
  await until(async () => (await countsOf(bmcs))[2]?.on === 3, {
    what: 'dgx03 was started for its installation',
    timeoutMs: 20_000,
    everyMs: 300,
    evidence: () => daemon.output.slice(-3_000),
  });
  await daemon.logged(
    ({ msg = '' }) => /Power dgx04 on yourself|dgx04 is armed; nothing here can power it/.test(JSON.stringify(msg)),
    'dgx04 is left to hands',
  );
  await until(async () => JSON.parse((await daemon.call('GET', '/api/v1/nodes/dgx03/life')).body).state === 'booting', {
    what: 'its BMC says that it is on',
    timeoutMs: 10_000,
    everyMs: 100,
  });
  // Its network boot is still waited for: the job ends with the daemon, and comes back with it.
  assert.equal(await daemon.stop(), 0);
  assert.ok(!daemon.output.includes('simulated'), 'the password is in the log');
});
