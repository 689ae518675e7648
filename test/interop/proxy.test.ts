import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Daemon } from '../harness/daemon.ts';
import type { Background } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { DhcpProbe } from './dhcp-probe.ts';
import { SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'dnsmasq'] });
const MAC = '52:54:00:77:00:c1';
const OTHER_SERVER = '10.77.0.5';

let site: Site;
let dnsmasq: Background;
let folder: string;
let probe: DhcpProbe;

/** The site's own DHCP server, which knows nothing of booting. */
function startDnsmasq(target: Site): Background {
  const host = target.client('52:54:00:77:00:c5', `${OTHER_SERVER}/24`);
  return host.background([
    ...['dnsmasq', '-k', '-p0', '--conf-file=/dev/null', '--user=root', '--no-ping', '--log-dhcp', '--log-facility=-'],
    ...['--interface=eno1', '--bind-interfaces', '--dhcp-authoritative', '--dhcp-range=10.77.0.100,10.77.0.199,1h'],
    `--dhcp-leasefile=${join(folder, 'leases')}`,
  ]);
}

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'podboot-test-proxy-'));
  site = new Site();
  dnsmasq = startDnsmasq(site);
  await dnsmasq.said(/DHCP, IP range/);
  site.daemon = await Daemon.start(
    site.server,
    {
      ...SITE,
      interfaces: { eno2: { address: '10.77.0.1', dhcp: 'proxy', tftp: true, http: true } },
      subnets: { '10.77.0.0/24': { interface: 'eno2', pools: [] } },
      profiles: { rescue: { kind: 'live', kernel: 'linux', initrds: [], arguments: '' } },
    },
    { linux: 'kernel' },
  );
  await site.daemon.enrol({
    name: 'dgx01',
    interfaces: [{ name: 'eno1', role: 'boot', mac: MAC }],
    boot: { profile: 'rescue' },
  });
  probe = new DhcpProbe(site.client(MAC, '10.77.0.30/24'));
});
after(async () => {
  await dnsmasq?.stop();
  await site?.[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

test("a PXE client gets its address from the site's server and its boot program from the proxy", { skip }, () => {
  const offers = probe.discover(MAC, 'pxe-x64');
  const address = offers.find((offer) => offer.server === OTHER_SERVER);
  const boot = offers.find((offer) => offer.server === '10.77.0.1');
  assert.match(address?.yiaddr ?? '', /^10\.77\.0\.1\d\d$/);
  assert.equal(boot?.yiaddr, '0.0.0.0', 'a proxy offers no address');
  assert.equal(boot?.vendorClass, 'PXEClient');
  assert.match(boot?.file ?? '', /\.efi$/);
});

test('port 4011 answers the PXE client that asks there once more', { skip }, () => {
  const ack = probe.askProxy(MAC, '10.77.0.1');
  assert.equal(ack?.type, 'ACK');
  assert.match(ack?.file ?? '', /\.efi$/);
});

test('an operating system and a machine that is not enrolled hear nothing of the proxy', { skip }, () => {
  const os = probe.discover(MAC, 'os');
  assert.deepEqual(
    os.map(({ server }) => server),
    [OTHER_SERVER],
  );
});

test("the proxy does not take the site's own server for a rogue, nor answer a REQUEST that is for it", { skip }, () => {
  const answers = probe.request(MAC, OTHER_SERVER, '10.77.0.150');
  assert.ok(
    answers.every(({ server }) => server === OTHER_SERVER),
    JSON.stringify(answers),
  );
});
