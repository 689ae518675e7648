import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'dhclient'] });
const MAC = '52:54:00:77:00:21';
const CONFIGURATION =
  'timeout 8;\nretry 2;\ninitial-interval 1;\nrequest subnet-mask, routers, domain-name-servers, domain-name;\n';

let site: Site;
let client: Namespace;
let folder: string;

/** What dhclient wrote about its last lease. */
function lease(): Record<string, string> {
  const last = readFileSync(join(folder, 'leases'), 'utf8').split('lease {').at(-1) ?? '';
  return Object.fromEntries(
    Array.from(last.matchAll(/^ {2}(?:option )?([\w-]+) (.*);$/gm), ([, name, value]) => [name, value]),
  );
}

/** `-sf true`: the lease is written down, the interface is left alone. */
function dhclient(...more: string[]): string {
  const files = ['-cf', join(folder, 'conf'), '-lf', join(folder, 'leases'), '-pf', join(folder, 'pid')];
  const result = client.run(['dhclient', '-4', '-v', ...files, '-sf', '/bin/true', ...more, 'eno1'], {
    timeoutMs: 30_000,
  });
  assert.equal(result.code, 0, result.stderr);
  return result.stderr;
}

before(async () => {
  if (skip !== false) return;
  site = await Site.up(SITE);
  client = site.client(MAC);
  folder = mkdtempSync(join(tmpdir(), 'podboot-test-dhclient-'));
  writeFileSync(join(folder, 'conf'), CONFIGURATION);
});
after(async () => {
  await site?.[Symbol.asyncDispose]();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

test('dhclient gets an address of the pool with the options of its subnet', { skip }, () => {
  const said = dhclient('-1');
  assert.match(said, /DHCPACK of 10\.77\.0\.1\d\d from 10\.77\.0\.1/);
  const got = lease();
  assert.match(got['fixed-address'] ?? '', /^10\.77\.0\.1\d\d$/);
  assert.equal(got['subnet-mask'], '255.255.255.0');
  assert.equal(got.routers, SERVER);
  assert.equal(got['domain-name-servers'], SERVER);
  assert.equal(got['domain-name'], '"pod1.example.com"');
  assert.equal(got['dhcp-lease-time'], '3600');
  assert.equal(got['dhcp-server-identifier'], SERVER);
});

test('a client that comes back asks for its address (INIT-REBOOT) and keeps it', { skip }, () => {
  const address = lease()['fixed-address'];
  client.run(['dhclient', '-4', '-x', '-pf', join(folder, 'pid'), '-lf', join(folder, 'leases'), 'eno1']);
  const said = dhclient('-1');
  assert.doesNotMatch(said, /DHCPDISCOVER/);
  assert.match(said, new RegExp(`DHCPREQUEST for ${address}`));
  assert.equal(lease()['fixed-address'], address);
});

test('a client that asks for an address of another network gets a NAK and then one of ours', { skip }, () => {
  client.run(['dhclient', '-4', '-x', '-pf', join(folder, 'pid'), '-lf', join(folder, 'leases'), 'eno1']);
  const stray = readFileSync(join(folder, 'leases'), 'utf8').replace(
    /fixed-address 10\.77\.0\.\d+/g,
    'fixed-address 192.168.7.7',
  );
  writeFileSync(join(folder, 'leases'), stray);
  const said = dhclient('-1');
  assert.match(said, /DHCPNAK from 10\.77\.0\.1/);
  assert.match(lease()['fixed-address'] ?? '', /^10\.77\.0\.1\d\d$/);
});

test('an address that was released is told, and is there for its client again', { skip }, async () => {
  const address = lease()['fixed-address'];
  // A release is unicast, so the client needs the address for it.
  client.ip('addr', 'add', `${address}/24`, 'dev', 'eno1');
  dhclient('-r');
  client.ip('addr', 'flush', 'dev', 'eno1');
  await site.daemon.logged((line) => /release/i.test(`${line.type} ${line.msg}`), 'the release is in the log');
  rmSync(join(folder, 'leases'), { force: true });
  writeFileSync(join(folder, 'leases'), '');
  dhclient('-1');
  assert.equal(lease()['fixed-address'], address);
});
