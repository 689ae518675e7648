import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'perfdhcp'] });
/** perfdhcp always speaks as a relay; its address is the giaddr. */
const RELAY = '10.77.0.2';

let site: Site;
let host: Namespace;

before(async () => {
  if (skip !== false) return;
  site = await Site.up({
    interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: false, http: false } },
    subnets: {
      '10.77.0.0/16': { interface: 'eno2', pools: ['10.77.16.0-10.77.31.255'], relays: [RELAY], leaseTime: '1h' },
    },
    dhcp: { probeInterval: '0s' },
    log: { level: 'info', format: 'json' },
  });
  host = site.client('52:54:00:77:00:81', `${RELAY}/16`);
});
after(() => site?.[Symbol.asyncDispose]());

function perfdhcp(...argv: string[]): Record<string, number> {
  const result = host.run(['perfdhcp', '-4', '-l', RELAY, '-W', '1000000', ...argv, SERVER], { timeoutMs: 60_000 });
  const figure = (name: string) =>
    Number(new RegExp(`^${name}: +([\\d.]+)`, 'm').exec(result.stdout)?.[1] ?? Number.NaN);
  return {
    sent: figure('sent packets'),
    received: figure('received packets'),
    drops: figure('drops'),
    rejected: figure('rejected leases'),
  };
}

test('200 clients that ask 400 times a second all get a lease, and nobody is refused', { skip }, () => {
  const figures = perfdhcp('-r', '400', '-R', '200', '-p', '3', '-b', 'mac=02:00:00:00:00:01');
  assert.ok((figures.sent ?? 0) > 600, JSON.stringify(figures));
  // The last ones are still on their way when it stops counting.
  assert.ok((figures.received ?? 0) >= (figures.sent ?? 0) * 0.98, JSON.stringify(figures));
});

test('leases that are renewed and released at the same time as others are made', { skip }, () => {
  const figures = perfdhcp('-r', '200', '-f', '50', '-F', '50', '-R', '1000', '-p', '3', '-b', 'mac=02:00:00:10:00:01');
  assert.ok((figures.received ?? 0) >= (figures.sent ?? 0) * 0.95, JSON.stringify(figures));
});
