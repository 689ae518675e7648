import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unmet } from '../harness/skip.ts';
import { SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox'] });

test('a full pool: who holds it is told, reservations go on, and a released address is given on', {
  skip,
}, async () => {
  await using site = await Site.up({
    ...SITE,
    subnets: { '10.77.0.0/24': { ...SITE.subnets['10.77.0.0/24'], pools: ['10.77.0.100-10.77.0.101'] } },
    reservations: [{ name: 'switch1', mac: '52:54:00:77:01:04', address: '10.77.0.10' }],
  });
  const [first, second, third, reserved] = [1, 2, 3, 4].map((n) => new Udhcpc(site.client(`52:54:00:77:01:0${n}`))) as [
    Udhcpc,
    Udhcpc,
    Udhcpc,
    Udhcpc,
  ];
  try {
    const taken = [first.lease().ip, second.lease().ip].sort();
    assert.deepEqual(taken, ['10.77.0.100', '10.77.0.101']);
    assert.ok(third.unanswered());
    const line = await site.daemon.logged(({ type }) => type === 'dhcp.pool-full', 'the full pool is in the log');
    assert.match(JSON.stringify(line), /10\.77\.0\.0\/24|10\.77\.0\.100/);
    assert.equal(reserved.lease().ip, '10.77.0.10');
    const renewing = first.stay();
    await renewing.said(/lease of 10\.77\.0\.10[01] obtained/);
    renewing.signal('SIGUSR2');
    await site.daemon.logged(({ type }) => type === 'dhcp.release', 'the release is in the log');
    await renewing.stop();
    assert.match(third.lease().ip ?? '', /^10\.77\.0\.10[01]$/);
  } finally {
    for (const client of [first, second, third, reserved]) client.remove();
  }
});
