import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { unmet } from '../harness/skip.ts';
import { SERVER, SITE, Site } from './site.ts';
import { Udhcpc } from './udhcpc-client.ts';

const skip = unmet({ root: true, tools: ['ip', 'busybox'] });

const PXE_X64 = ['-V', 'PXEClient:Arch:00007:UNDI:003000', '-x', '0x5d:0007', '-x', '0x5e:010300'];
const PXE_BIOS = ['-V', 'PXEClient:Arch:00000:UNDI:002001', '-x', '0x5d:0000', '-x', '0x5e:010201'];
const PXE_ARM64 = ['-V', 'PXEClient:Arch:00011:UNDI:003000', '-x', '0x5d:000b', '-x', '0x5e:010300'];
const HTTP_X64 = ['-V', 'HTTPClient:Arch:00016:UNDI:003000', '-x', '0x5d:0010', '-x', '0x5e:010300'];
const IPXE = ['-x', '0x4d:69505845', '-x', '0xaf:b10501af810000'];
const ASK_FOR_BOOT = ['-O', '0x42', '-O', '0x43', '-O', '0x3c'];
const uuid = (lastByte: string) => ['-x', `0x61:00000000770000004080000000000000${lastByte}`];

let site: Site;
const clients: Udhcpc[] = [];

function plug(mac: string): Udhcpc {
  const client = new Udhcpc(site.client(mac));
  clients.push(client);
  return client;
}

before(async () => {
  if (skip !== false) return;
  const profiles = { rescue: { kind: 'live', kernel: 'linux', initrds: ['initrd.gz'], arguments: 'console=ttyS0' } };
  site = await Site.up({ ...SITE, profiles }, { linux: 'kernel', 'initrd.gz': 'initrd' });
  const enrol = (name: string, mac: string, address: string, profile = 'rescue') =>
    site.daemon.enrol({ name, interfaces: [{ name: 'eno1', role: 'boot', mac, address }], boot: { profile } });
  await enrol('dgx01', '52:54:00:77:00:41', '10.77.0.50');
  await enrol('dgx02', '52:54:00:77:00:42', '10.77.0.51');
  await enrol('dgx03', '52:54:00:77:00:43', '10.77.0.52', 'local');
});
after(async () => {
  for (const client of clients) client.remove();
  await site?.[Symbol.asyncDispose]();
});

test('PXE, iPXE, installer and OS of one interface get one address, whatever identifier they send', { skip }, () => {
  const client = plug('52:54:00:77:00:41');
  const addresses = [
    client.lease('-C', ...PXE_X64, ...uuid('01')).ip,
    client.lease('-C', '-x', '0x3d:01525400770041', ...PXE_X64, ...IPXE, ...uuid('01')).ip,
    client.lease('-C', '-x', '0x3d:ff00770041000100012a1b2c3d525400770041', '-V', 'd-i').ip,
    client.lease('-C', '-x', '0x3d:00000000770000004080000000000001', '-x', 'hostname:dgx01').ip,
    client.lease('-C').ip,
  ];
  assert.deepEqual(addresses, Array(5).fill('10.77.0.50'));
});

test('a machine that is not enrolled keeps one address of the pool through its stages', { skip }, () => {
  const client = plug('52:54:00:77:00:4f');
  const first = client.lease('-C', ...PXE_X64).ip;
  assert.match(first ?? '', /^10\.77\.0\.1\d\d$/);
  assert.equal(client.lease('-C', '-x', '0x3d:0152540077004f', ...PXE_X64, ...IPXE).ip, first);
  assert.equal(client.lease('-C', '-x', '0x3d:ff0077004f000100012a1b2c3d52540077004f').ip, first);
});

test('each firmware is told its own boot program, by the right server', { skip }, () => {
  const client = plug('52:54:00:77:00:42');
  const ask = (...argv: string[]) => client.lease('-C', ...argv, ...uuid('02'), ...ASK_FOR_BOOT);
  const x64 = ask(...PXE_X64);
  assert.match(x64.boot_file ?? '', /\.efi$/);
  assert.equal(x64.siaddr, SERVER);
  assert.match(ask(...PXE_BIOS).boot_file ?? '', /undionly\.kpxe$/);
  assert.match(ask(...PXE_ARM64).boot_file ?? '', /aa64\.efi$/);
  assert.match(ask(...HTTP_X64).boot_file ?? '', /^http:\/\/10\.77\.0\.1(:80)?\/.*\.efi$/);
});

test('an iPXE that is already there gets the URL of its script at once, and the script boots its profile', {
  skip,
}, () => {
  const client = plug('52:54:00:77:00:42');
  const lease = client.lease('-C', ...PXE_BIOS, ...IPXE, ...uuid('02'), ...ASK_FOR_BOOT);
  assert.match(lease.boot_file ?? '', /^http:\/\/10\.77\.0\.1(:80)?\//);
  const script = site.server.must(['curl', '-sSf', '-A', 'iPXE/1.0.0', lease.boot_file ?? '']);
  assert.match(script, /^#!ipxe\n/);
  assert.match(script, /^kernel http:\/\/10\.77\.0\.1\S*\/linux .*console=ttyS0/m);
  assert.match(script, /^initrd .*http:\/\/10\.77\.0\.1\S*\/initrd\.gz/m);
});

test('an operating system is told an address and nothing to boot', { skip }, () => {
  const lease = plug('52:54:00:77:00:42').lease('-V', 'systemd-networkd');
  assert.equal(lease.boot_file ?? '', '');
});

test('a BIOS machine whose node boots from its disk gets the address and is never given a kernel', { skip }, () => {
  const lease = plug('52:54:00:77:00:43').lease('-C', ...PXE_BIOS, ...IPXE, ...ASK_FOR_BOOT);
  assert.equal(lease.ip, '10.77.0.52');
  if ((lease.boot_file ?? '') === '') return;
  const script = site.server.must(['curl', '-sSf', '-A', 'iPXE/1.0.0', lease.boot_file ?? '']);
  assert.doesNotMatch(script, /^kernel /m);
  assert.match(script, /^(exit|sanboot)/m);
});
