import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainFromHosts, parseNameServers, parseSearchDomain } from '../../src/config/host-network.ts';
import { parseDefaultRoutes, parseSockets } from '../../src/config/proc-net.ts';
import { ipv4 } from './fake-host.ts';

const ROUTES = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eno1\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eno1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
ppp0\t00000000\t00000000\t0001\t0\t0\t900\t00000000\t0\t0\t0
`;

test('default routes are read in the order of their metrics', () => {
  assert.deepEqual(parseDefaultRoutes(ROUTES), [
    { interfaceName: 'eno1', gateway: ipv4('192.0.2.1') },
    { interfaceName: 'wlan0', gateway: ipv4('192.168.1.1') },
    { interfaceName: 'ppp0', gateway: 0 },
  ]);
  assert.deepEqual(parseDefaultRoutes(''), []);
});

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  101: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 21001 2 0000000000000000 0
  102: 01004D0A:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000   105        0 21002 2 0000000000000000 0
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31001 1
   1: 00000000000000000000000001000000:1F83 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31002 1
   2: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 31003 1
`;

test('sockets are read with their addresses, of TCP only those that listen', () => {
  assert.deepEqual(parseSockets(UDP, 'udp'), [
    { host: '0.0.0.0', port: 67, inode: '21001' },
    { host: '10.77.0.1', port: 69, inode: '21002' },
  ]);
  assert.deepEqual(parseSockets(TCP6, 'tcp'), [
    { host: '::', port: 80, inode: '31001' },
    { host: '::1', port: 8067, inode: '31002' },
  ]);
  assert.deepEqual(parseSockets(TCP6.replace(' 01 ', ' 0A '), 'tcp').at(-1)?.host, '127.0.0.1');
});

test("name servers are those of others, not the loopback's", () => {
  const text =
    '# by hand\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n  nameserver 192.0.2.54\n';
  assert.deepEqual(parseNameServers(text), [ipv4('192.0.2.53'), ipv4('192.0.2.54')]);
});

test('the domain is the first search domain that is one', () => {
  assert.equal(parseSearchDomain('search pod1.example.com example.com\n'), 'pod1.example.com');
  assert.equal(parseSearchDomain('domain Example.COM.\n'), 'example.com');
  assert.equal(parseSearchDomain('search .\n'), undefined);
  assert.equal(parseSearchDomain('nameserver 192.0.2.53\n'), undefined);
});

test("the host's own domain is in its name or in /etc/hosts", () => {
  const hosts = '127.0.0.1 localhost\n# 127.0.1.1 old.example.com boot1\n127.0.1.1 boot1.pod1.example.com boot1\n';
  assert.equal(domainFromHosts(hosts, 'boot1'), 'pod1.example.com');
  assert.equal(domainFromHosts(hosts, 'boot2'), undefined);
  assert.equal(domainFromHosts('', 'boot1.example.org'), 'example.org');
  assert.equal(domainFromHosts('127.0.1.1 boot1.localdomain boot1\n', 'boot1'), undefined);
});
