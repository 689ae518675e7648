import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Namespace } from '../harness/namespace.ts';
import { until } from '../harness/process.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox'] });

let site: Site;
let host: Namespace;
let client: Udhcpc;

before(async () => {
  if (skip !== false) return;
  site = await Site.up({
    ...SITE,
    subnets: { '10.77.0.0/24': { ...SITE.subnets['10.77.0.0/24'], pools: ['10.77.0.100-10.77.0.102'] } },
  });
  host = site.client('52:54:00:77:00:31');
  client = new Udhcpc(host);
});
after(async () => {
  client?.remove();
  await site?.[Symbol.asyncDispose]();
});

test('udhcpc gets a lease with mask, router, name server and domain', { skip }, () => {
  const lease = client.lease();
  assert.match(lease.ip ?? '', /^10\.77\.0\.10[0-2]$/);
  assert.equal(lease.mask, '24');
  assert.equal(lease.router, SERVER);
  assert.equal(lease.dns, SERVER);
  assert.equal(lease.domain, 'pod1.example.com');
  assert.equal(lease.lease, '3600');
  assert.equal(lease.serverid, SERVER);
});

test('a lease is renewed by unicast and then released', { skip }, async () => {
  const process = client.stay();
  try {
    await until(() => client.events.some(({ event }) => event === 'bound'), {
      what: 'bound',
      evidence: () => process.output,
    });
    process.signal('SIGUSR1');
    await until(() => client.events.some(({ event }) => event === 'renew'), {
      what: 'renewed',
      evidence: () => process.output,
    });
    process.signal('SIGUSR2');
    await until(() => /released|unicasting a release/i.test(process.output), {
      what: 'released',
      evidence: () => process.output,
    });
    await site.daemon.logged((line) => line.type === 'dhcp.release', 'the release is in the log');
  } finally {
    await process.stop();
  }
});

test('a client that finds its address in use declines it, and nobody gets it for a while', { skip }, async () => {
  const first = client.lease();
  const address = first.ip ?? '';
  host.ip('addr', 'flush', 'dev', 'eno1');
  // Somebody with a fixed address sits on it and answers ARP.
  const squatter = site.client('52:54:00:77:00:3e', `${address}/24`);
  squatter.ip('link', 'set', 'eno1', 'up');
  const process = client.stay('-a');
  try {
    await site.daemon.logged((line) => line.type === 'dhcp.decline', 'the decline is in the log');
    await until(() => client.events.some(({ event }) => event === 'bound'), {
      what: 'another address instead',
      timeoutMs: 40_000,
      evidence: () => process.output,
    });
    assert.notEqual(client.events.find(({ event }) => event === 'bound')?.ip, address);
  } finally {
    await process.stop();
    squatter.ip('addr', 'flush', 'dev', 'eno1');
  }
  const other = new Udhcpc(site.client('52:54:00:77:00:32'));
  try {
    assert.notEqual(other.lease().ip, address, 'the declined address rests');
  } finally {
    other.remove();
  }
});
