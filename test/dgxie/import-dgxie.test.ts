import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { checkConfig } from '../../src/config/load.ts';
import { registerImport } from '../../src/dgxie/cli.ts';
import { Conflict, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import { formatIpv4, formatSubnet } from '../../src/domain/ipv4.ts';
import { run } from '../cli/captured.ts';

let folder: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'podboot-dgxie-'));
  mkdirSync(join(folder, 'out'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string): void {
  mkdirSync(dirname(join(folder, 'in', name)), { recursive: true });
  writeFileSync(join(folder, 'in', name), text);
}

async function importIt(...words: string[]) {
  const output = { print: (text: string) => void said.push(text) };
  await run(
    (program) => registerImport(program, output),
    'import',
    'dgxie',
    join(folder, 'in'),
    '--output',
    join(folder, 'out'),
    ...words,
  );
  const yaml = readFileSync(join(folder, 'out', 'podboot.yaml'), 'utf8');
  const { problems, settings } = checkConfig(yaml);
  return { problems, settings, nodes: JSON.parse(readFileSync(join(folder, 'out', 'nodes.json'), 'utf8')).nodes };
}

const MACHINES = JSON.stringify({
  dgx01: {
    mac: '2c:56:dc:47:f5:1f',
    kernel: 'http://localhost/iso/linux',
    initrd: ['http://localhost/iso/initrd.gz'],
    cmdline: 'quiet',
  },
  rest: {
    mac: '2c:56:dc:.*',
    kernel: 'http://localhost/iso/linux',
    initrd: [],
    cmdline: 'quiet url=http://localhost/dgx.seed',
  },
});
const HOSTS = `# Example: dhcp-host=12:34:56:78,server-01,192.168.1.23
dhcp-host=2c:56:dc:47:f5:20,dgx02,10.0.2.12,set:dgx
dhcp-host=2c:56:dc:47:f5:21,bmc-switch,10.0.2.13
dhcp-option=3,10.0.2.1
`;
const ENVIRONMENT = `# DGXie
HOST_INT_PUB=ens160
HOST_INT_PRV=ens192
IP=10.0.2.1
NETWORK=10.0.2.0
NETMASK=255.255.254.0
GATEWAY=\${IP}
DNS1="10.1.1.53"
DNS2=
DHCP_START=10.0.2.100
DHCP_END=10.0.3.199
LEASETIME=7200
DOMAIN=pod1.example.com
NTP=10.1.1.1
INT=enp1s0f0
DISK=nvme0n1
KBD=de
KERN_EXTRA=iommu=pt
EXTRA_PACKAGES="chrony nvme-cli"
HTTPS_PROXY=http://proxy.example.com:3128
HTTP_PORT=13370
`;

test("what DGXie's users wrote becomes a configuration that podboot takes, and a list of nodes", async () => {
  put('machines/machines.json', MACHINES);
  put('dnsmasq.d/hosts.conf', HOSTS);
  put('.env', ENVIRONMENT);
  const { problems, settings, nodes } = await importIt();
  assert.deepEqual(problems, []);
  assert.deepEqual(
    settings!.interfaces.map(({ name, address }) => [name, formatIpv4(address)]),
    [['ens192', '10.0.2.1']],
  );
  const subnet = settings!.dhcp.subnets[0]!;
  assert.equal(formatSubnet(subnet), '10.0.2.0/23');
  assert.deepEqual(
    subnet.pools.map(({ first, last }) => [formatIpv4(first), formatIpv4(last)]),
    [['10.0.2.100', '10.0.3.199']],
  );
  assert.equal(subnet.times.leaseSeconds, 7200);
  assert.deepEqual(settings!.boot.install?.site, {
    keyboard: 'de',
    interface: 'enp1s0f0',
    disk: { path: '/dev/nvme0n1' },
    proxy: 'http://proxy.example.com:3128',
    packages: ['chrony', 'nvme-cli'],
    kernelArguments: 'iommu=pt',
    ntpServers: ['10.1.1.1'],
  });
  assert.deepEqual(nodes, [
    {
      name: 'dgx02',
      group: 'dgx',
      interfaces: [{ role: 'boot', name: 'boot', mac: '2c:56:dc:47:f5:20', address: '10.0.2.12' }],
    },
    {
      name: 'bmc-switch',
      interfaces: [{ role: 'boot', name: 'boot', mac: '2c:56:dc:47:f5:21', address: '10.0.2.13' }],
    },
    { name: 'dgx01', interfaces: [{ role: 'boot', name: 'boot', mac: '2c:56:dc:47:f5:1f' }] },
  ]);
});

test('what could not be taken is said with its reason, and nothing of it is lost in silence', async () => {
  put('machines.json', MACHINES);
  put('dnsmasq.conf', HOSTS);
  put('dgxie.env', `${ENVIRONMENT}VMW_NFS_IP=10.0.2.9\nDHCP_END=10.0.3.999\nLEASETIME=infinite\n`);
  await importIt();
  const text = said.join('\n');
  for (const expected of [
    /podboot\.yaml is written, and nodes\.json with 3 nodes/,
    /machines\.json.*kernel, initrd, cmdline of dgx01 are not taken over/,
    /machines\.json.*is a pattern/,
    /dnsmasq\.conf: 1 lines that are no dhcp-host/,
    /HOST_INT_PUB=ens160: DGXie's NAT is not made here/,
    /HTTP_PORT=13370/,
    /VMW_NFS_IP=10\.0\.2\.9/,
    /DHCP_END=10\.0\.3\.999: is no IPv4 address/,
    /LEASETIME=infinite: no lease is for ever/,
  ]) {
    assert.match(text, expected);
  }
});

test("docker-compose's list of variables is read, and its references are not", async () => {
  put(
    'docker-compose.yml',
    `services:
  dgxie:
    environment:
      - IP=10.9.0.1
      - "NETWORK=10.9.0.0"
      - NETMASK=\${NETMASK}
      - DHCP_START=10.9.0.100
      - DHCP_END=10.9.0.199
`,
  );
  const { problems, settings } = await importIt();
  assert.deepEqual(problems, []);
  assert.equal(formatSubnet(settings!.dhcp.subnets[0]!), '10.9.0.0/24', "the netmask is DGXie's default");
});

test('a machine that stands in both files is one node', async () => {
  put('machines.json', JSON.stringify({ first: { mac: '2c:56:dc:47:f5:20', kernel: 'x' } }));
  put('dhcp-hosts', '2c:56:dc:47:f5:20,dgx02,192.168.1.12\n');
  const { nodes } = await importIt();
  assert.deepEqual(
    nodes.map(({ name }: { name: string }) => name),
    ['dgx02'],
  );
});

test('an empty folder, one that is not there, and files that are there already are refused', async () => {
  mkdirSync(join(folder, 'in'));
  await assert.rejects(importIt(), InvalidInput);
  put('.env', ENVIRONMENT);
  await importIt();
  await assert.rejects(importIt(), Conflict);
  await importIt('--force');
  rmSync(join(folder, 'in'), { recursive: true });
  await assert.rejects(importIt('--force'), NotFound);
});

test('links are not followed, and files that are none of its kind are told', async () => {
  writeFileSync(join(folder, 'secret'), '2c:56:dc:47:f5:99,secret,10.0.0.1\n');
  put('machines.json', '{"dgx01": [');
  symlinkSync(join(folder, 'secret'), join(folder, 'in', 'dnsmasq.conf'));
  const { nodes } = await importIt();
  assert.deepEqual(nodes, []);
  assert.match(said.join('\n'), /machines\.json/);
});
