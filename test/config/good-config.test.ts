import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deepFreeze } from '../../src/config/freeze.ts';
import { checkConfig } from '../../src/config/load.ts';
import { publishedSchema } from '../../src/config/published-schema.ts';
import { restartNeeded } from '../../src/config/reloadable.ts';
import { parseIpv4 } from '../../src/domain/ipv4.ts';
import type { Settings } from '../../src/domain/settings.ts';
import { PLAIN_DNS } from '../harness/dns-settings.ts';
import { lifecycleSettings } from '../harness/lifecycle-settings.ts';
import { RIGHT } from './mistakes.ts';

function address(text: string): number {
  const parsed = parseIpv4(text);
  assert.ok(parsed !== undefined);
  return parsed;
}

function settingsOf(text: string): Settings {
  const { settings, problems } = checkConfig(text);
  assert.deepEqual(problems, []);
  assert.ok(settings);
  return settings;
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

test('a right configuration has no problem and no warning', () => {
  const { problems, warnings } = checkConfig(RIGHT);
  assert.deepEqual({ problems, warnings }, { problems: [], warnings: [] });
});

test('one client may have half of all transfers and connections, but no fewer than firmware opens', () => {
  const tftpOf = (text: string) => settingsOf(RIGHT.replace('{ maxTransfers: 500 }', text)).tftp.maxTransfersPerClient;
  const httpOf = (text: string) => settingsOf(RIGHT.replace('http: { port: 80 }', text)).http.maxConnectionsPerClient;
  assert.equal(tftpOf('{ port: 69 }'), 500);
  assert.equal(tftpOf('{ maxTransfers: 8 }'), 16);
  assert.equal(tftpOf('{ maxTransfersPerClient: 3 }'), 3);
  assert.equal(httpOf('http: { maxConnections: 100 }'), 50);
  assert.equal(httpOf('http: { maxConnections: 8 }'), 16);
  assert.equal(httpOf('http: { maxConnections: 8, maxConnectionsPerClient: 8 }'), 8);
});

test('a right configuration becomes settings with numbers, milliseconds and bytes', () => {
  const domainName = new TextEncoder().encode('pod1.example.com');
  const times = { leaseSeconds: 43_200, renewSeconds: 21_600, rebindSeconds: 37_800 };
  const mtu = [26, bytes(0x05, 0xdc)] as const;
  const expected: Settings = {
    dataDir: '/var/lib/podboot',
    assetsDir: '/var/lib/podboot/assets',
    interfaces: [
      { name: 'eno2', address: address('10.77.0.1'), dhcp: 'authoritative', tftp: true, http: true, dns: false },
      { name: 'eno3', address: address('10.78.0.1'), dhcp: 'authoritative', tftp: true, http: true, dns: false },
    ],
    dhcp: {
      port: 67,
      proxyPort: 4011,
      subnets: [
        {
          network: address('10.77.0.0'),
          prefixLength: 24,
          interfaceName: 'eno2',
          pools: [{ first: address('10.77.0.100'), last: address('10.77.0.199') }],
          relays: [],
          times,
          options: new Map([
            [3, bytes(10, 77, 0, 1)],
            [6, bytes(10, 77, 0, 1)],
          ]),
        },
        {
          network: address('10.78.0.0'),
          prefixLength: 24,
          interfaceName: 'eno3',
          pools: [
            { first: address('10.78.0.100'), last: address('10.78.0.149') },
            { first: address('10.78.0.160'), last: address('10.78.0.175') },
          ],
          relays: [],
          times,
          options: new Map(),
        },
        {
          network: address('10.79.0.0'),
          prefixLength: 24,
          interfaceName: 'eno3',
          pools: [{ first: address('10.79.0.100'), last: address('10.79.0.199') }],
          relays: [address('10.79.0.1')],
          times,
          options: new Map([[3, bytes(10, 79, 0, 1)]]),
        },
      ],
      reservations: [
        {
          name: 'switch1',
          address: address('10.77.0.10'),
          match: { mac: '52:54:00:aa:00:01' as never },
          options: new Map([mtu]),
        },
        {
          name: 'ib-switch',
          address: address('10.77.0.11'),
          match: { clientId: 'ff00000000000200' },
          options: new Map(),
        },
        {
          name: 'filer',
          address: address('10.78.0.12'),
          match: { uuid: '4c4c4544-0042-3510-8051-b4c04f313132' },
          options: new Map(),
        },
        {
          name: 'camera',
          address: address('10.77.0.13'),
          match: { switchPort: { circuitId: '457468312f37', remoteId: '525400aa0009' } },
          options: new Map(),
        },
      ],
      groups: new Map([['pdus', { name: 'pdus', options: new Map([mtu]) }]]),
      customOptions: [{ name: 'siteCode', code: 224, type: 'string' }],
      options: new Map([
        [224, new TextEncoder().encode('ab12')],
        [15, domainName],
      ]),
      offerHoldMs: 60_000,
      quarantineMs: 3_600_000,
      bootp: 'reservations',
      probeIntervalMs: 600_000,
    },
    tftp: { port: 69, maxTransfers: 500, maxTransfersPerClient: 250, maxBlockBytes: 1468, maxWindowBlocks: 64 },
    http: { port: 80, maxConnections: 4096, maxConnectionsPerClient: 2048 },
    dns: { ...PLAIN_DNS, domain: 'pod1.example.com' },
    boot: {
      profiles: new Map([
        [
          'rescue',
          {
            name: 'rescue',
            kind: 'live',
            kernel: 'debian/linux',
            initrds: ['debian/initrd.gz'],
            arguments: 'console=ttyS0,115200',
          },
        ],
      ]),
      programs: {},
      loader: 'auto',
      diskMethods: {},
    },
    lifecycle: lifecycleSettings(),
    power: {
      atOnce: 64,
      minGapMs: 0,
      pollMs: 60_000,
      actionMs: 300_000,
      offMs: 5_000,
      bootAttempts: 3,
      console: { record: 'boots', keep: 10 },
      credentials: [],
    },
    discovery: { identify: 'when-needed', rules: [] },
    api: { listen: [{ host: '127.0.0.1', port: 8067 }, { socketPath: '/run/podboot/api.sock' }] },
    log: { level: 'info', format: 'auto' },
  };
  assert.deepEqual(plain(settingsOf(RIGHT)), plain(expected));
});

/** Frozen maps are of a class of their own; as lists of entries they compare. */
function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  if (value instanceof Map) return [...value].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}

test('a configuration of one interface in proxy mode needs nothing else', () => {
  const settings = settingsOf('interfaces: { eno2: { address: 10.77.0.1, dhcp: proxy } }\n');
  assert.equal(settings.dataDir, '/var/lib/podboot');
  assert.equal(settings.assetsDir, '/var/lib/podboot/assets');
  assert.deepEqual(settings.api.listen, [{ host: '127.0.0.1', port: 8067 }]);
});

test("assetsDir follows dataDir where it isn't written", () => {
  const settings = settingsOf('dataDir: /srv/pod/\ninterfaces: { eno2: { address: 10.77.0.1, dhcp: proxy } }\n');
  assert.equal(settings.dataDir, '/srv/pod');
  assert.equal(settings.assetsDir, '/srv/pod/assets');
});

test("the domain of the site gives way to an option of everyone's", () => {
  const options = 'dhcp: { options: { domainName: other.example } }';
  const text = `site: { domain: pod1.example.com }\ninterfaces: { eno2: { address: 10.77.0.1, dhcp: proxy } }\n${options}\n`;
  assert.equal(Buffer.from(settingsOf(text).dhcp.options.get(15) ?? []).toString(), 'other.example');
});

test("a subnet with a lease time of its own does not take dhcp's T1 and T2", () => {
  const text = RIGHT.replace('leaseTime: 12h', 'leaseTime: 12h\n  renewTime: 4h\n  rebindTime: 8h').replace(
    '    relays: [10.79.0.1]',
    '    relays: [10.79.0.1]\n    leaseTime: 1h',
  );
  const [first, , third] = settingsOf(text).dhcp.subnets;
  assert.deepEqual(first?.times, { leaseSeconds: 43_200, renewSeconds: 14_400, rebindSeconds: 28_800 });
  assert.deepEqual(third?.times, { leaseSeconds: 3600, renewSeconds: 1800, rebindSeconds: 3150 });
});

test("a reservation's options go before its group's", () => {
  const text = RIGHT.replace('group: pdus }', 'group: pdus, options: { interfaceMtu: 9000 } }');
  assert.deepEqual(settingsOf(text).dhcp.reservations[0]?.options.get(26), bytes(0x23, 0x28));
});

test('an alias may stand for a whole value, and its problems are at the alias', () => {
  const text = RIGHT.replace('[10.77.0.100-10.77.0.199]', '&pools [10.77.0.100-10.77.0.199]').replace(
    '[10.79.0.100-10.79.0.199]',
    '*pools',
  );
  const [problem] = checkConfig(text).problems;
  assert.equal(problem?.path, 'subnets.10.79.0.0/24.pools[0]');
});

test('all mistakes of a file are told at once, in its order', () => {
  const text = RIGHT.replace('dataDir: /', 'dataDir: ')
    .replace('    pools: [10.77.0.100', '    polls: [10.77.0.100')
    .replace('clientId: ff', 'clientId: zz')
    .replace('address: 10.78.0.12', 'address: 10.99.0.12')
    .replace('port: 80', 'port: 0')
    .replace('level: info', 'level: loud');
  const { problems, settings } = checkConfig(text);
  assert.equal(settings, undefined);
  assert.deepEqual(
    problems.map((problem) => problem.path),
    [
      'dataDir',
      'subnets.10.77.0.0/24.polls',
      'reservations[1].clientId',
      'reservations[2].address',
      'http.port',
      'log.level',
    ],
  );
});

test('a file that is not UTF-8 says so', () => {
  const { problems } = checkConfig(Uint8Array.of(0x64, 0xff, 0xfe));
  assert.equal(problems[0]?.message, 'the file is not UTF-8 text');
});

test('settings can be changed by nobody', () => {
  const settings = settingsOf(RIGHT);
  const mutable = settings as unknown as { dataDir: string; interfaces: { name: string }[] };
  assert.throws(() => {
    mutable.dataDir = '/';
  }, TypeError);
  assert.throws(() => mutable.interfaces.push({ name: 'eno9' }), TypeError);
  const groups = settings.dhcp.groups as Map<string, unknown>;
  assert.throws(() => groups.set('x', {}), /frozen/);
  assert.throws(() => groups.delete('pdus'), /frozen/);
  assert.throws(() => groups.clear(), /frozen/);
  assert.equal(groups.size, 1);
});

test('freezing leaves the original as it was', () => {
  const original = { list: [1], map: new Map([['a', { b: 1 }]]) };
  deepFreeze(original);
  original.list.push(2);
  original.map.set('c', { b: 2 });
  assert.equal(original.list.length, 2);
});

test('a reload may change everything but the data directory and the form of the log', () => {
  const current = settingsOf(RIGHT);
  assert.deepEqual(restartNeeded(current, settingsOf(RIGHT.replace('port: 80', 'port: 8080'))), []);
  const [problem] = restartNeeded(current, settingsOf(RIGHT.replace('dataDir: /var/lib/podboot', 'dataDir: /srv')));
  assert.equal(problem?.path, 'dataDir');
  assert.match(problem?.message ?? '', /can't change from \/var\/lib\/podboot to \/srv while podboot runs/);
  assert.match(problem?.mend ?? '', /move the data and restart podboot/);
  const otherLog = { ...current, log: { ...current.log, format: 'pretty' } } as const;
  assert.deepEqual(
    restartNeeded(current, otherLog).map(({ path }) => path),
    ['log.format'],
  );
  assert.deepEqual(restartNeeded(current, { ...current, log: { ...current.log, level: 'debug' } }), []);
});

test('docs/podboot.schema.json is the schema of the code', () => {
  const file = new URL('../../docs/podboot.schema.json', import.meta.url);
  const committed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const mend = 'run `bin/podboot check-config --schema > docs/podboot.schema.json`';
  assert.deepEqual(committed, JSON.parse(JSON.stringify(publishedSchema())), mend);
});
