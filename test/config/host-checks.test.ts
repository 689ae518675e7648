import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHostFacts, type PortHolder } from '../../src/config/host-facts.ts';
import { checkConfig } from '../../src/config/load.ts';
import { type FakeHost, fakeHost, fakeInterface, RIGHT_PATHS } from './fake-host.ts';
import { type Mistake, RIGHT, testMistake } from './mistakes.ts';

test('a right configuration on the machine that it is for has no problem and no warning', () => {
  const { problems, warnings } = checkConfig(RIGHT, fakeHost());
  assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
});

const LOOPBACK = fakeInterface('lo', ['127.0.0.1/8']);
const UPLINK = fakeInterface('eno1', ['192.0.2.10/24']);
const ENO3 = fakeInterface('eno3', ['10.78.0.1/24']);

function dnsmasq(host: string): PortHolder {
  return { host, process: { id: 812, name: 'dnsmasq', isPodboot: false } };
}

const without = (...names: string[]): FakeHost => ({
  paths: Object.fromEntries(Object.entries(RIGHT_PATHS).filter(([path]) => !names.includes(path))),
});

const CASES: readonly (Omit<Mistake, 'edit'> & { readonly host: FakeHost })[] = [
  {
    name: 'an interface that this machine does not have',
    host: { interfaces: [LOOPBACK, UPLINK, ENO3, fakeInterface('enp2s0', ['10.77.0.1/24'])] },
    path: 'interfaces.eno2',
    at: '  eno2: {',
    message: 'this machine has no interface eno2',
    mend: 'Did you mean `eno1` or `eno3`? This machine has eno1, eno3, enp2s0.',
  },
  {
    name: 'an interface that is down',
    host: { interfaces: [LOOPBACK, fakeInterface('eno2', ['10.77.0.1/24'], false), ENO3] },
    path: 'interfaces.eno2',
    at: '  eno2: {',
    message: 'eno2 is down',
    mend: 'Run `ip link set eno2 up`.',
    severity: 'warning',
  },
  {
    name: 'an interface without an address',
    host: { interfaces: [LOOPBACK, fakeInterface('eno2', []), ENO3] },
    path: 'interfaces.eno2.address',
    at: '  eno2: {',
    message: 'eno2 does not bear 10.77.0.1: it has no IPv4 address',
    mend: 'Run `ip addr add 10.77.0.1/24 dev eno2`.',
  },
  {
    name: 'an interface with another address',
    host: { interfaces: [LOOPBACK, fakeInterface('eno2', ['10.77.0.2/24']), ENO3] },
    path: 'interfaces.eno2.address',
    at: '  eno2: {',
    message: 'eno2 does not bear 10.77.0.1: it has 10.77.0.2/24',
    mend: 'Run `ip addr add 10.77.0.1/24 dev eno2`, or write 10.77.0.2.',
  },
  {
    name: 'an address that another interface has',
    host: {
      interfaces: [LOOPBACK, fakeInterface('eno1', ['10.77.0.1/24']), fakeInterface('eno2', ['10.9.0.1/24']), ENO3],
    },
    path: 'interfaces.eno2.address',
    at: '  eno2: {',
    message: '10.77.0.1 is on eno1, not on eno2',
    mend: 'Name eno1 under interfaces, or write an address of eno2 (10.9.0.1/24).',
  },
  {
    name: 'a subnet with another prefix length than the interface',
    host: { interfaces: [LOOPBACK, fakeInterface('eno2', ['10.77.0.1/16']), ENO3] },
    path: 'subnets.10.77.0.0/24',
    at: '10.77.0.0/24:',
    message: 'eno2 has 10.77.0.1/16, another prefix length than 10.77.0.0/24',
    severity: 'warning',
  },
  {
    name: 'a port that another program has at the same address',
    host: { holders: { 'udp:69': [dnsmasq('10.77.0.1')] } },
    path: 'tftp.port',
    at: 'tftp: {',
    message: 'UDP port 69 for TFTP is in use at 10.77.0.1 by dnsmasq (process 812)',
    mend: 'Stop dnsmasq, or write another port.',
  },
  {
    name: 'a UDP port that may be of another interface alone',
    host: { holders: { 'udp:67': [dnsmasq('0.0.0.0')] } },
    path: 'dhcp.port',
    at: 'dhcp:',
    last: true,
    message: 'UDP port 67 for DHCP is in use at 0.0.0.0 by dnsmasq (process 812)',
    mend: /If it serves one of the interfaces here, stop it there/,
    severity: 'warning',
  },
  {
    name: 'a TCP port that a web server has everywhere',
    host: { holders: { 'tcp:80': [{ host: '::', process: { id: 7, name: 'nginx', isPodboot: false } }] } },
    path: 'http.port',
    at: 'http: {',
    message: 'TCP port 80 for HTTP boot is in use at :: by nginx (process 7)',
    mend: 'Stop nginx, or write another port.',
  },
  {
    name: "a port whose holder can't be seen",
    host: { holders: { 'tcp:8067': [{ host: '127.0.0.1' }] } },
    path: 'api.listen[0]',
    at: 'listen',
    message: 'TCP port 8067 for the API is in use at 127.0.0.1 by another program',
    mend: /Run the check as root/,
    severity: 'warning',
  },
  {
    name: 'a data directory that is a file',
    host: { paths: { ...RIGHT_PATHS, '/var/lib/podboot': 'file' } },
    path: 'dataDir',
    at: 'dataDir',
    message: '/var/lib/podboot is no directory',
  },
  {
    name: "a data directory that can't be written",
    host: { readOnly: ['/var/lib/podboot'] },
    path: 'dataDir',
    at: 'dataDir',
    message: "pod can't write in /var/lib/podboot",
    mend: /install -d -o pod \/var\/lib\/podboot/,
  },
  {
    name: 'a data directory on a file system that is mounted read-only',
    host: { readOnly: ['/var/lib/podboot'], mountedReadOnly: ['/var/lib/podboot'] },
    path: 'dataDir',
    at: 'dataDir',
    message: '/var/lib/podboot is on a file system that is mounted read-only',
    mend: /findmnt -T .*dmesg/,
  },
  {
    name: "a data directory that can't be made",
    host: {
      paths: { '/': 'directory', '/var': 'directory', '/var/lib': 'directory', ...assets() },
      readOnly: ['/var/lib'],
    },
    path: 'dataDir',
    at: 'dataDir',
    message: "pod can't make /var/lib/podboot: /var/lib is not writable",
  },
  {
    name: 'a kernel that is not there',
    host: without('/var/lib/podboot/assets/debian/linux'),
    path: 'profiles.rescue.kernel',
    at: 'rescue',
    message: 'there is no /var/lib/podboot/assets/debian/linux',
    mend: /relative to \/var\/lib\/podboot\/assets/,
  },
  {
    name: 'an initial RAM disk that is a directory',
    host: { paths: { ...RIGHT_PATHS, '/var/lib/podboot/assets/debian/initrd.gz': 'directory' } },
    path: 'profiles.rescue.initrds[0]',
    at: 'rescue',
    message: '/var/lib/podboot/assets/debian/initrd.gz is no file',
  },
  {
    name: 'assets in a file',
    host: { paths: { ...RIGHT_PATHS, '/var/lib/podboot/assets': 'file' } },
    path: 'assetsDir',
    at: 'assetsDir',
    message: '/var/lib/podboot/assets is no directory',
  },
];

function assets(): FakeHost['paths'] {
  return Object.fromEntries(Object.entries(RIGHT_PATHS).filter(([path]) => path.includes('/assets')));
}

for (const { host, ...mistake } of CASES) testMistake({ ...mistake, edit: [] }, fakeHost(host));

test('a boot program that is not there is missed as a kernel is', () => {
  const text = RIGHT.replace('boot: { loader: auto }', 'boot: { programs: { bios: ipxe/undionly.kpxe } }');
  const { problems } = checkConfig(text, fakeHost());
  assert.deepEqual(
    problems.map((problem) => problem.path),
    ['boot.programs.bios'],
  );
});

test('ports that podboot itself holds are no problem: a configuration is checked while it runs', () => {
  const holder = { host: '0.0.0.0', process: { id: 1, name: 'node', isPodboot: true } };
  const holders = { 'udp:67': [holder], 'udp:69': [holder], 'tcp:80': [holder], 'tcp:8067': [holder] };
  const { problems, warnings } = checkConfig(RIGHT, fakeHost({ holders }));
  assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
});

test('a port at an address that is not served is no problem', () => {
  const { problems, warnings } = checkConfig(RIGHT, fakeHost({ holders: { 'udp:67': [dnsmasq('192.168.122.1')] } }));
  assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
});

test('4011 matters only where an interface is in proxy mode', () => {
  const holders = { 'udp:4011': [dnsmasq('10.77.0.1')] };
  assert.deepEqual(checkConfig(RIGHT, fakeHost({ holders })).problems, []);
  const proxy = RIGHT.replace('dhcp: authoritative }', 'dhcp: proxy }');
  assert.deepEqual(
    checkConfig(proxy, fakeHost({ holders })).problems.map((problem) => problem.path),
    ['dhcp.proxyPort'],
  );
});

test('any address of the loopback is on lo, listed or not', () => {
  const text = 'interfaces: { lo: { address: 127.7.0.1, dhcp: proxy } }\n';
  assert.deepEqual(checkConfig(text, fakeHost()).problems, []);
});

test('the real machine has a loopback, a root directory and no interface of fantasy', () => {
  const host = createHostFacts();
  const loopback = host.interfaces().find((candidate) => candidate.loopback);
  assert.equal(loopback?.name, 'lo');
  assert.equal(host.pathKind('/'), 'directory');
  assert.equal(host.pathKind('/proc/self/status'), 'file');
  assert.equal(host.pathKind('/no/such/thing'), 'absent');
  assert.equal(host.isWritable('/no/such/thing'), false);
  assert.notEqual(host.userName(), '');
});

test('a boot file that is missing is an error for a change, and told at a start that goes on', () => {
  const gone = RIGHT.replaceAll('debian/linux', 'debian/deleted');
  assert.notEqual(gone, RIGHT);
  const changed = checkConfig(gone, fakeHost());
  assert.match(changed.problems[0]?.message ?? '', /there is no .*debian\/deleted/);
  const started = checkConfig(gone, fakeHost(), 'start');
  assert.deepEqual(started.problems, []);
  assert.ok(started.settings !== undefined);
  assert.ok(started.warnings.some(({ message }) => /there is no .*debian\/deleted/.test(message)));
});
