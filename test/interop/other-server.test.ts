import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unmet } from '../harness/skip.ts';
import { DhcpProbe } from './dhcp-probe.ts';
import { SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'dnsmasq'] });
const ROGUE = '10.77.0.66';
const MAC = '52:54:00:77:00:d1';

test('another DHCP server on the link is noticed and named', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-test-rogue-'));
  await using site = await Site.up({ ...SITE, dhcp: { probeInterval: '10s' } });
  const host = site.client('52:54:00:77:00:d6', `${ROGUE}/24`);
  const rogue = host.background([
    ...['dnsmasq', '-k', '-p0', '--conf-file=/dev/null', '--user=root', '--no-ping', '--log-facility=-'],
    ...['--interface=eno1', '--bind-interfaces', '--dhcp-range=10.77.0.150,10.77.0.160,1h'],
    `--dhcp-leasefile=${join(folder, 'leases')}`,
  ]);
  try {
    await rogue.said(/DHCP, IP range/);
    // A client that takes the other one's offer tells everybody so in its REQUEST.
    new DhcpProbe(site.client(MAC)).request(MAC, ROGUE, '10.77.0.155');
    const line = await site.daemon.logged(
      (each) => /other|another|rogue/i.test(`${each.type} ${each.msg}`) && JSON.stringify(each).includes(ROGUE),
      `a warning that names ${ROGUE}`,
      20_000,
    );
    assert.match(JSON.stringify(line), /eno2/);
  } finally {
    await rogue.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
