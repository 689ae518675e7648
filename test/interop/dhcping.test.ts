import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Namespace } from '../harness/namespace.ts';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';

const skip = unmet({ root: true, tools: ['ip', 'dhcping'] });
const MAC = '52:54:00:77:00:71';
const ADDRESS = '10.77.0.71';

let site: Site;
let host: Namespace;

before(async () => {
  if (skip !== false) return;
  site = await Site.up({ ...SITE, reservations: [{ name: 'pdu1', mac: MAC, address: ADDRESS }] });
  host = site.client(MAC, `${ADDRESS}/24`);
});
after(() => site?.[Symbol.asyncDispose]());

function dhcping(...argv: string[]): { code: number | null; stdout: string } {
  return host.run(['dhcping', '-s', SERVER, '-c', ADDRESS, '-h', MAC, '-t', '3', ...argv], { timeoutMs: 10_000 });
}

test("dhcping's REQUEST for an address that is reserved for it is acknowledged, and its RELEASE taken", {
  skip,
}, async () => {
  const result = dhcping();
  assert.equal(result.code, 0, result.stdout);
  assert.match(result.stdout, /Got answer from: 10\.77\.0\.1/);
  await site.daemon.logged((line) => line.type === 'dhcp.release', 'the release is in the log');
});

test('an INFORM is answered with options and no address', { skip }, () => {
  const result = dhcping('-i', '-V');
  assert.equal(result.code, 0, result.stdout);
  assert.match(result.stdout, /Got answer from: 10\.77\.0\.1/);
});

test('a REQUEST with an address of another network is told that it must go', { skip }, () => {
  const result = host.run(['dhcping', '-V', '-s', SERVER, '-c', '192.168.9.9', '-h', MAC, '-t', '2'], {
    timeoutMs: 10_000,
  });
  // Its own address is what it was told to send, so it is silence or a NAK, never an ACK.
  assert.doesNotMatch(result.stdout, /DHCPACK/);
});
