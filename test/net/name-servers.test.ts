import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatIpv4 } from '../../src/domain/ipv4.ts';
import { hostNameServers } from '../../src/net/name-servers.ts';

function serversOf(t: { after(done: () => void): void }, text: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'podboot-test-resolv-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'resolv.conf');
  writeFileSync(file, text);
  return hostNameServers(file).map(formatIpv4);
}

test('the first three IPv4 servers of resolv.conf, a stub on the loopback too', (t) => {
  const text = [
    '# nameserver 192.0.2.1',
    'search example.org',
    'nameserver 127.0.0.53',
    ' nameserver\t192.0.2.2 ',
    'nameserver 2001:db8::53',
    'nameserver 192.0.2.3',
    'nameserver 192.0.2.4',
    'options nameserver 192.0.2.5',
  ].join('\n');
  assert.deepEqual(serversOf(t, text), ['127.0.0.53', '192.0.2.2', '192.0.2.3']);
});

test('a host that names none, or has no such file', (t) => {
  assert.deepEqual(serversOf(t, ''), []);
  assert.deepEqual(hostNameServers('/nonexistent/resolv.conf'), []);
});
