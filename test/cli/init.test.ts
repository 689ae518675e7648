import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { registerInit } from '../../src/cli/init.ts';
import type { HostNetwork } from '../../src/config/host-network.ts';
import { checkConfig } from '../../src/config/load.ts';
import { proposePool } from '../../src/config/proposal.ts';
import { Conflict, HostRefused, NotFound } from '../../src/domain/errors.ts';
import { broadcastAddress, netmask, subnetContains } from '../../src/domain/ipv4.ts';
import type { Settings } from '../../src/domain/settings.ts';
import { fakeHost, fakeInterface, fakeNetwork, ipv4 } from '../config/fake-host.ts';
import { type Captured, capture, run } from './captured.ts';

const directory = mkdtempSync(join(tmpdir(), 'podboot-init-'));
after(() => rmSync(directory, { recursive: true }));

async function init(network: HostNetwork, ...words: string[]): Promise<Captured> {
  const captured = capture();
  const environment = { output: captured.output, hostNetwork: () => network };
  await run((program) => registerInit(program, environment), 'init', ...words);
  return captured;
}

/** What init prints for the interface, read back on the same machine: it has to be right as it stands. */
async function roundTrip(
  network: HostNetwork,
  name: string,
): Promise<{ text: string; settings: Settings; told: string }> {
  const result = await init(network, '--interface', name, '--print');
  const text = result.printed();
  const { problems, settings } = checkConfig(text, fakeHost({ interfaces: network.interfaces }));
  assert.deepEqual(problems, [], text);
  assert.ok(settings);
  return { text, settings, told: result.told() };
}

const uplinkAndPod = fakeNetwork({
  defaultRoutes: [{ interfaceName: 'eno1', gateway: ipv4('192.0.2.1') }],
  nameServers: [ipv4('192.0.2.53')],
  domain: 'pod1.example.com',
});

test('a machine with an uplink and a network of its own for the pod gives addresses there', async () => {
  const { settings, text } = await roundTrip(uplinkAndPod, 'eno2');
  assert.deepEqual(settings.interfaces, [
    { name: 'eno2', address: ipv4('10.77.0.1'), dhcp: 'authoritative', tftp: true, http: true, dns: true },
  ]);
  const [subnet] = settings.dhcp.subnets;
  assert.deepEqual(subnet?.pools, [{ first: ipv4('10.77.0.128'), last: ipv4('10.77.0.254') }]);
  assert.deepEqual([...(subnet?.options.keys() ?? [])], [6], 'no router that the machines could not reach');
  assert.deepEqual([...(subnet?.options.get(6) ?? [])], [10, 77, 0, 1], 'we are their name server');
  assert.match(text, /gateway 192.0.2.1 is on another network/);
  assert.match(text, /^site: \{ domain: pod1.example.com \}$/m);
  assert.match(text, /^# yaml-language-server: \$schema=.*podboot.schema.json$/m);
});

test('a machine that passes packets on is the router of its pod', async () => {
  const { domain: _, ...withoutDomain } = uplinkAndPod;
  const { settings } = await roundTrip({ ...withoutDomain, forwards: true }, 'eno2');
  const options = settings.dhcp.subnets[0]?.options;
  assert.deepEqual([...(options?.get(3) ?? [])], [10, 77, 0, 1]);
  assert.deepEqual([...(options?.get(6) ?? [])], [192, 0, 2, 53]);
});

test('the interface of the default route is only served beside its DHCP server, with a warning', async () => {
  const { settings, told, text } = await roundTrip(uplinkAndPod, 'eno1');
  assert.equal(settings.interfaces[0]?.dhcp, 'proxy');
  assert.equal(settings.interfaces[0]?.dns, false);
  assert.deepEqual(settings.dhcp.subnets, []);
  assert.match(told, /a DHCP server is likely there.*`dhcp: proxy`/);
  assert.match(text, /another DHCP server is likely there/);
});

test('the commented subnet of a proxy is right too when its # are taken away', async () => {
  const { text } = await roundTrip(uplinkAndPod, 'eno1');
  const from = text.indexOf('# subnets:');
  const to = text.indexOf('\n\n', from);
  const uncommented = text.slice(0, from) + text.slice(from, to).replace(/^# /gm, '') + text.slice(to);
  const authoritative = uncommented.replace('    dhcp: proxy', '    dhcp: authoritative');
  const { problems, settings } = checkConfig(authoritative, fakeHost({ interfaces: uplinkAndPod.interfaces }));
  assert.deepEqual(problems, []);
  const [subnet] = settings?.dhcp.subnets ?? [];
  assert.deepEqual(subnet?.pools, [{ first: ipv4('192.0.2.128'), last: ipv4('192.0.2.254') }]);
  assert.deepEqual([...(subnet?.options.get(3) ?? [])], [192, 0, 2, 1]);
});

test('a machine without a default route has a pod of its own', async () => {
  const { settings, text } = await roundTrip(fakeNetwork(), 'eno2');
  assert.equal(settings.interfaces[0]?.dhcp, 'authoritative');
  assert.match(text, /No router is known here/);
  assert.match(text, /^# site:/m);
  assert.equal(settings.interfaces[0]?.dns, false, 'there is no domain to serve');
});

test('our own address and the gateway in the upper half are left out of the pool', async () => {
  const network = fakeNetwork({
    interfaces: [fakeInterface('lo', ['127.0.0.1/8']), fakeInterface('eno2', ['10.77.0.200/24', '10.77.0.201/24'])],
    nameServers: [ipv4('10.77.0.253')],
  });
  const { settings, text } = await roundTrip(network, 'eno2');
  assert.deepEqual(settings.dhcp.subnets[0]?.pools, [{ first: ipv4('10.77.0.128'), last: ipv4('10.77.0.199') }]);
  assert.match(text, /It has 10.77.0.201\/24 too/);
});

test('a large network gives away 4096 addresses at most', async () => {
  const network = fakeNetwork({ interfaces: [fakeInterface('bond0.100', ['10.0.0.1/8'])] });
  const { settings } = await roundTrip(network, 'bond0.100');
  assert.deepEqual(settings.dhcp.subnets[0]?.pools, [{ first: ipv4('10.128.0.0'), last: ipv4('10.128.15.255') }]);
});

test('a network with one free address offers that one, one with none offers no pool', async () => {
  const one = fakeNetwork({ interfaces: [fakeInterface('eno2', ['10.77.0.1/30'])] });
  assert.deepEqual((await roundTrip(one, 'eno2')).settings.dhcp.subnets[0]?.pools, [
    { first: ipv4('10.77.0.2'), last: ipv4('10.77.0.2') },
  ]);
  const none = fakeNetwork({ interfaces: [fakeInterface('eno2', ['10.77.0.1/30', '10.77.0.2/30'])] });
  const { settings, text } = await roundTrip(none, 'eno2');
  assert.deepEqual(settings.dhcp.subnets[0]?.pools, []);
  assert.match(text, /machines need reservations/);
});

test('a link-local address is passed over for a real one', async () => {
  const network = fakeNetwork({ interfaces: [fakeInterface('eno2', ['169.254.3.4/16', '10.77.0.1/24'])] });
  assert.equal((await roundTrip(network, 'eno2')).settings.interfaces[0]?.address, ipv4('10.77.0.1'));
});

test('whatever the address and prefix length, the file is right as it stands', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 8, max: 30 }),
      fc.nat(0xffffffff),
      fc.nat(0xffffffff),
      fc.boolean(),
      fc.boolean(),
      async (prefixLength, ownBits, gatewayBits, forwards, hasGateway) => {
        const subnet = {
          network: (ipv4('10.0.0.0') | (ownBits & 0x00ffffff & netmask(prefixLength))) >>> 0,
          prefixLength,
        };
        const hosts = broadcastAddress(subnet) - subnet.network - 1;
        const own = subnet.network + 1 + (ownBits % hosts);
        const gateway = subnet.network + 1 + (gatewayBits % hosts);
        const network = fakeNetwork({
          interfaces: [{ name: 'eno2', up: true, loopback: false, addresses: [{ address: own, prefixLength }] }],
          defaultRoutes: hasGateway && gateway !== own ? [{ interfaceName: 'eno9', gateway }] : [],
          nameServers: [gateway],
          forwards,
        });
        const { settings } = await roundTrip(network, 'eno2');
        assert.equal(settings.dhcp.subnets[0]?.network, subnet.network);
      },
    ),
    { numRuns: 100 },
  );
});

test('a pool never holds an address that is taken', () => {
  const prefix = fc.integer({ min: 20, max: 30 });
  fc.assert(
    fc.property(prefix, fc.array(fc.nat(4096), { maxLength: 20 }), (prefixLength, offsets) => {
      const subnet = { network: ipv4('10.77.0.0'), prefixLength };
      const taken = offsets.map((offset) => subnet.network + offset);
      const pool = proposePool(subnet, taken);
      if (pool === undefined) {
        const free =
          broadcastAddress(subnet) -
          subnet.network -
          1 -
          new Set(taken.filter((address) => address > subnet.network && address < broadcastAddress(subnet))).size;
        assert.equal(free, 0);
        return;
      }
      assert.ok(pool.first <= pool.last && pool.first > subnet.network && pool.last < broadcastAddress(subnet));
      assert.ok(subnetContains(subnet, pool.last));
      assert.ok(taken.every((address) => address < pool.first || address > pool.last));
    }),
  );
});

test('without an interface the candidates are listed, the best one first, and nothing is written', async () => {
  const network = {
    ...uplinkAndPod,
    interfaces: [
      ...uplinkAndPod.interfaces,
      fakeInterface('docker0', ['172.17.0.1/16']),
      fakeInterface('eno4', [], false),
    ],
  };
  const result = await init(network);
  assert.equal(
    result.told(),
    [
      'Which interface are the machines on? This machine has:',
      '  eno2     10.77.0.1/24',
      '  eno3     10.78.0.1/24',
      '  docker0  172.17.0.1/16; virtual',
      '  eno1     192.0.2.10/24; default route: a DHCP server is likely there',
      '  eno4     no usable IPv4 address; down',
      'Most likely: podboot init --interface eno2',
    ].join('\n'),
  );
  assert.equal(result.printed(), '');
  assert.equal(result.exitCode(), 1);
});

test('where the default route is all there is, proxy is what it says', async () => {
  const network = fakeNetwork({
    interfaces: [fakeInterface('lo', ['127.0.0.1/8']), fakeInterface('eno1', ['192.0.2.10/24'])],
    defaultRoutes: [{ interfaceName: 'eno1', gateway: ipv4('192.0.2.1') }],
  });
  assert.match((await init(network)).told(), /podboot init --interface eno1 writes `dhcp: proxy`/);
});

test('where no interface has an address, it says how to give one', async () => {
  const network = fakeNetwork({ interfaces: [fakeInterface('eno2', [])] });
  assert.match((await init(network)).told(), /ip addr add 10.77.0.1\/24 dev eno2/);
  await assert.rejects(
    init(network, '--interface', 'eno2'),
    (error) => error instanceof HostRefused && /ip addr add/.test(error.mend ?? ''),
  );
});

test('an interface with a host route alone has no room for machines', async () => {
  const network = fakeNetwork({ interfaces: [fakeInterface('eno2', ['10.77.0.1/32'])] });
  await assert.rejects(init(network, '--interface', 'eno2'), /eno2 has 10.77.0.1\/32: no network/);
});

test('an interface that is not there is answered with the near one', async () => {
  await assert.rejects(
    init(uplinkAndPod, '--interface', 'en2'),
    (error) => error instanceof NotFound && /Did you mean `eno2`\?/.test(error.mend ?? ''),
  );
});

test('the file is written once, and over another one only by force', async () => {
  const path = join(directory, 'podboot.yaml');
  const result = await init(uplinkAndPod, '--interface', 'eno2', '--output', path);
  assert.match(result.told(), /serves eno2: 10.77.0.1\/24, pool 10.77.0.128-10.77.0.254\./);
  assert.match(result.told(), /Next: podboot check-config/);
  assert.ok(readFileSync(path, 'utf8').endsWith('\n'));
  writeFileSync(path, 'precious\n');
  await assert.rejects(
    init(uplinkAndPod, '--interface', 'eno2', '--output', path),
    (error) => error instanceof Conflict && /--force/.test(error.mend ?? ''),
  );
  assert.equal(readFileSync(path, 'utf8'), 'precious\n');
  await init(uplinkAndPod, '--interface', 'eno2', '--output', path, '--force');
  assert.match(readFileSync(path, 'utf8'), /eno2/);
  assert.deepEqual(readdirSync(directory), ['podboot.yaml'], 'nothing temporary is left');
});

test("a place that can't be written to is named", async () => {
  const path = join(directory, 'absent', 'podboot.yaml');
  await assert.rejects(
    init(uplinkAndPod, '--interface', 'eno2', '--output', path),
    (error) => error instanceof HostRefused && /ENOENT/.test(error.message),
  );
});
