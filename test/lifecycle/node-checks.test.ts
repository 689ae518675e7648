import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIpv4, parseSubnet } from '../../src/domain/ipv4.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import type { Node, NodeInterface } from '../../src/domain/node.ts';
import type { ReservationMatch, Settings, SubnetSettings } from '../../src/domain/settings.ts';
import { checkNode } from '../../src/lifecycle/node-checks.ts';
import { PLAIN_DNS } from '../harness/dns-settings.ts';
import { lifecycleSettings } from '../harness/lifecycle-settings.ts';

const MAC = '52:54:00:77:00:01' as MacAddress;
const UUID = '4c4c4544-0032-4d10-8052-b4c04f564433';
const ip = (text: string) => parseIpv4(text) as number;

function subnet(text: string): SubnetSettings {
  const parsed = parseSubnet(text);
  assert.ok(parsed);
  const times = { leaseSeconds: 3600, renewSeconds: 1800, rebindSeconds: 3150 };
  return { ...parsed, interfaceName: 'eno2', pools: [], relays: [], times, options: new Map() };
}

function settings(match: ReservationMatch = { mac: '52:54:00:aa:00:01' as MacAddress }): Settings {
  return {
    dataDir: '/d',
    assetsDir: '/a',
    interfaces: [{ name: 'eno2', address: ip('10.77.0.1'), dhcp: 'authoritative', tftp: true, http: true, dns: false }],
    dhcp: {
      port: 67,
      proxyPort: 4011,
      subnets: [{ ...subnet('10.77.0.0/24'), relays: [ip('10.77.0.2')] }, subnet('10.78.0.0/31')],
      reservations: [{ name: 'switch1', match, address: ip('10.77.0.10'), options: new Map() }],
      groups: new Map([['dgx', { name: 'dgx', options: new Map() }]]),
      customOptions: [],
      options: new Map(),
      offerHoldMs: 1,
      quarantineMs: 1,
      bootp: 'off',
      probeIntervalMs: 0,
    },
    tftp: { port: 69, maxTransfers: 1, maxTransfersPerClient: 1, maxBlockBytes: 512, maxWindowBlocks: 1 },
    http: { port: 80, maxConnections: 1, maxConnectionsPerClient: 1 },
    dns: PLAIN_DNS,
    boot: {
      profiles: new Map([['rescue', { name: 'rescue', kind: 'live', initrds: [], arguments: '' }]]),
      programs: {},
      loader: 'auto',
      diskMethods: {},
    },
    api: { listen: [] },
    lifecycle: lifecycleSettings(),
    log: { level: 'info', format: 'auto' },
  };
}

function node(port: Partial<NodeInterface>, more: Partial<Node> = {}): Node {
  return {
    id: '1',
    name: 'dgx01',
    interfaces: [{ name: 'eno1', role: 'boot', mac: MAC, ...port }],
    labels: {},
    roles: [],
    options: {},
    boot: { profile: 'rescue', loader: 'auto' },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    ...more,
  };
}

const TABLE: readonly [
  name: string,
  node: Node,
  match: ReservationMatch | undefined,
  path: string,
  message: RegExp,
  mend: RegExp,
][] = [
  [
    'an address outside of every subnet',
    node({ address: ip('10.99.0.1') }),
    undefined,
    'interfaces[0].address',
    /10\.99\.0\.1 of dgx01’s interface eno1 is in no subnet/,
    /10\.77\.0\.0\/24, 10\.78\.0\.0\/31/,
  ],
  [
    'a relay’s address',
    node({ address: ip('10.77.0.2') }),
    undefined,
    'interfaces[0].address',
    /10\.77\.0\.2 of dgx01’s interface eno1 is the relay’s that asks for 10\.77\.0\.0\/24/,
    /another address of that subnet/,
  ],
  [
    'the network’s own address',
    node({ address: ip('10.77.0.0') }),
    undefined,
    'interfaces[0].address',
    /network’s own or the broadcast/,
    /another/,
  ],
  [
    'the broadcast address',
    node({ address: ip('10.77.0.255') }),
    undefined,
    'interfaces[0].address',
    /network’s own or the broadcast/,
    /another/,
  ],
  [
    'podboot’s own address',
    node({ address: ip('10.77.0.1') }),
    undefined,
    'interfaces[0].address',
    /podboot’s own on eno2/,
    /another/,
  ],
  [
    'an address that is reserved',
    node({ address: ip('10.77.0.10') }),
    undefined,
    'interfaces[0].address',
    /reserved for switch1/,
    /reservation switch1/,
  ],
  [
    'a MAC address that has a reservation',
    node({}),
    { mac: MAC },
    'interfaces[0].mac',
    /reservation switch1’s/,
    /Remove the reservation/,
  ],
  [
    'a client identifier that has a reservation',
    node({ clientId: 'ff01' }),
    { clientId: 'ff01' },
    'interfaces[0].clientId',
    /reservation switch1’s/,
    /Remove/,
  ],
  [
    'a switch port that has a reservation',
    node({ switchPort: { circuitId: '01', remoteId: '02' } }),
    { switchPort: { circuitId: '01', remoteId: '02' } },
    'interfaces[0].switchPort',
    /reservation switch1’s/,
    /Remove/,
  ],
  [
    'a UUID that has a reservation',
    node({}, { uuid: UUID }),
    { uuid: UUID },
    'uuid',
    /reservation switch1’s/,
    /Remove/,
  ],
  [
    'the name of a reservation',
    node({}, { name: 'switch1' }),
    undefined,
    'name',
    /name of a reservation/,
    /another name/,
  ],
  [
    'a group that is not there',
    node({}, { group: 'hgx' }),
    undefined,
    'group',
    /group hgx, which podboot\.yaml does not have/,
    /one of dgx/,
  ],
  [
    'a profile that is not there',
    node({}, { boot: { profile: 'install', loader: 'auto' } }),
    undefined,
    'boot.profile',
    /profile install/,
    /one of local, rescue/,
  ],
];

for (const [name, candidate, match, path, message, mend] of TABLE) {
  test(`${name} is told with its mend`, () => {
    const problems = checkNode(candidate, settings(match));
    assert.deepEqual(
      problems.map((problem) => problem.path),
      [path],
    );
    assert.match(problems[0]?.message ?? '', message);
    assert.match(problems[0]?.mend ?? '', mend);
  });
}

test('a node that fits the configuration has no problem', () => {
  const fitting = [
    node({ address: ip('10.77.0.100') }, { group: 'dgx' }),
    node({ address: ip('10.78.0.0') }),
    node({ address: ip('10.78.0.1') }),
    node({}, { boot: { profile: 'local', loader: 'auto' } }),
    node({ switchPort: { circuitId: '01' } }),
  ];
  for (const each of fitting)
    assert.deepEqual(checkNode(each, settings({ switchPort: { circuitId: '01', remoteId: '02' } })), []);
});

test('a name that DNS would lead elsewhere is told with its mend, where there is DNS', () => {
  const without = settings();
  const record = { name: 'dgx01.pod1.example.com', type: 'A', address: '10.77.0.5' } as const;
  const text = { name: 'dgx01.pod1.example.com', type: 'TXT', text: 'beside it' } as const;
  const dns = { ...PLAIN_DNS, domain: 'pod1.example.com' };
  const served = (each: Partial<typeof dns>) => ({
    ...without,
    interfaces: without.interfaces.map((own) => ({ ...own, dns: true })),
    dns: { ...dns, ...each },
  });
  const told = (name: string, at: Settings) =>
    checkNode(node({}, { name }), at).map(({ path, mend }) => `${path}: ${mend}`);
  assert.deepEqual(told('podboot', without), []);
  assert.deepEqual(told('podboot', served({})), ['name: Use another name, or change dns.serverName.']);
  assert.match(told('dgx01', served({ records: [record] }))[0] ?? '', /^name: .*remove the record/);
  assert.deepEqual(told('dgx01', served({ records: [text] })), []);
  assert.deepEqual(told('dgx02', served({ records: [record] })), []);
});
