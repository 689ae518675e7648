import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/doctor/finding.ts';
import { Daemon } from '../harness/daemon.ts';
import { pause } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'dnsmasq', 'nft', 'socat'] });
const CLI = new URL('../../src/cli/podboot.ts', import.meta.url).pathname;

interface Report {
  readonly exitCode: number;
  readonly findings: readonly Finding[];
}

/** `podboot doctor` on the management node of a site. */
function examine(site: Site, configuration: string, ...argv: string[]): Report {
  const { code, stdout, stderr } = site.server.run(
    [process.execPath, CLI, 'doctor', '--json', '--config', configuration, ...argv],
    { timeoutMs: 40_000 },
  );
  assert.equal(stderr, '');
  const report: Report = JSON.parse(stdout);
  assert.equal(report.exitCode, code);
  return report;
}

const of = ({ findings }: Report, check: string) => findings.filter((each) => each.check === check);
const texts = (findings: readonly Finding[]) => findings.map(({ level, text }) => `${level}: ${text}`).join('\n');

test('doctor: a host that is ready, before the first start and while the daemon runs', {
  skip,
  timeout: 90_000,
}, async () => {
  await using site = new Site();
  site.daemon = new Daemon(site.server, SITE);
  const before = examine(site, site.daemon.configurationFile);
  assert.match(texts(of(before, 'host')), /^ok: .*ports are free/);
  assert.match(texts(of(before, 'dhcp eno2')), /^ok: no other DHCP server/);
  assert.match(texts(of(before, 'firewall')), /^ok/);
  assert.match(texts(of(before, 'link eno2')), /^ok: eno2 is up, MTU 1500/);
  assert.equal(of(before, 'disk').length, 1);
  await site.daemon.start();
  const during = examine(site, site.daemon.configurationFile);
  assert.match(texts(of(during, 'host')), new RegExp(`^ok: .*podboot has its ports \\(process ${site.daemon.pid}\\)`));
  assert.match(texts(of(during, 'dhcp eno2')), /^ok: no other DHCP server/, 'its own answer is not another server’s');
  assert.match(texts(of(during, 'capabilities')), /^ok: the daemon that runs/);
  assert.match(texts(of(during, 'bmcs')), /^note/);
});

test('doctor: another DHCP server, a firewall that drops TFTP, a port in use, small packets', {
  skip,
  timeout: 90_000,
}, async () => {
  await using site = new Site();
  site.daemon = new Daemon(site.server, SITE);
  const rogue = site.client(undefined, '10.77.0.9/24');
  const dnsmasq = rogue.background([
    'dnsmasq',
    '-d',
    '-p',
    '0',
    '-i',
    'eno1',
    '--dhcp-range=10.77.0.50,10.77.0.60',
    '--no-ping',
    '--dhcp-authoritative',
  ]);
  const holder = site.server.background(['socat', `UDP4-RECVFROM:69,bind=${SERVER}`, 'SYSTEM:cat']);
  try {
    site.server.must(['nft', '-f', '-'], {
      input:
        'table inet filter {\nchain input {\ntype filter hook input priority 0; policy drop;\nudp dport { 67, 68 } accept\ntcp dport 80 accept\n}\n}\n',
    });
    site.server.ip('link', 'set', 'eno2', 'mtu', '1400');
    await pause(500);
    const report = examine(site, site.daemon.configurationFile);
    assert.equal(report.exitCode, 2);
    assert.match(texts(of(report, 'dhcp eno2')), /^trouble: another DHCP server answers on eno2: 10\.77\.0\.9/);
    assert.match(
      texts(of(report, 'firewall')),
      /^trouble: the firewall drops TFTP \(udp port 69\) on eno2: the policy of inet filter input$/,
    );
    assert.match(
      of(report, 'firewall')[0]?.mend ?? '',
      /^nft insert rule inet filter input iifname "eno2" udp dport 69 accept/,
    );
    assert.match(texts(of(report, 'host')), /\b69\b.*socat/);
    assert.match(texts(of(report, 'link eno2')), /^warning: .*1400/);
    // The mend does what it says.
    site.server.must(['nft', 'insert rule inet filter input iifname "eno2" udp dport 69 accept']);
    assert.match(texts(of(examine(site, site.daemon.configurationFile, '--no-network'), 'firewall')), /^ok/);
  } finally {
    await holder.stop();
    await dnsmasq.stop();
  }
});

test('doctor: a switch that speaks the old spanning tree, and a cable that is out', {
  skip,
  timeout: 90_000,
}, async () => {
  await using site = new Site();
  site.daemon = new Daemon(site.server, SITE);
  const bridge = site.network.namespace('stp');
  bridge.ip('link', 'add', 'br0', 'type', 'bridge', 'stp_state', '1', 'forward_delay', '200', 'hello_time', '100');
  bridge.ip('link', 'set', 'br0', 'up');
  site.server.ip('link', 'del', 'eno2');
  site.network.cable(
    { namespace: site.server, name: 'eno2', address: `${SERVER}/24` },
    { namespace: bridge, name: 'port1' },
  );
  bridge.ip('link', 'set', 'port1', 'master', 'br0');
  const report = examine(site, site.daemon.configurationFile);
  assert.match(texts(of(report, 'stp eno2')), /^warning: the switch of eno2 runs spanning tree \(802\.1D\).* 4 s/);
  bridge.ip('link', 'set', 'port1', 'down');
  const without = examine(site, site.daemon.configurationFile);
  assert.match(texts(of(without, 'link eno2')), /^trouble: eno2 has no carrier/);
  assert.equal(without.exitCode, 2);
});
