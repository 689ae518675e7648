import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip'] });
const MAC = '52:54:00:77:00:61';
const CLIENT = new URL('npm-dhcp-client.mjs', import.meta.url).pathname;

test("npm dhcp's client, whose first REQUEST names neither an address nor a server, gets its reservation", {
  skip,
}, async () => {
  await using site = await Site.up({ ...SITE, reservations: [{ name: 'switch1', mac: MAC, address: '10.77.0.61' }] });
  // It speaks through an ordinary socket, so its kernel has to hold the address before the unicast reply comes.
  const host = site.client(MAC, '10.77.0.61/24');
  host.ip('route', 'add', '255.255.255.255/32', 'dev', 'eno1');
  const lease = JSON.parse(host.must([process.execPath, CLIENT, MAC], { timeoutMs: 15_000 })) as Record<
    string,
    unknown
  >;
  assert.equal(lease.address, '10.77.0.61');
  assert.equal(lease.server, SERVER);
});
