import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { BROADCAST_FLAG, MessageType } from '../../../src/codecs/dhcp/message.ts';
import { goldenDhcp } from '../golden/dhcp.ts';
import { malformed } from '../malformed.ts';
import { rawMessage } from './messages.ts';

const END = 255;

test("OVMF's DISCOVER: every field of the header, and its options", () => {
  const { options, ...header } = decodeDhcp(goldenDhcp.ovmfDiscover);
  assert.deepEqual(header, {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: header.xid,
    secs: 0,
    flags: BROADCAST_FLAG,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: Uint8Array.of(0x52, 0x54, 0x00, 0x77, 0x00, 0x01),
    sname: '',
    file: '',
  });
  assert.deepEqual([...options.keys()], [53, 57, 55, 97, 94, 93, 60]);
  assert.deepEqual(options.get(53), Uint8Array.of(MessageType.DISCOVER));
});

test('options are views of the packet, not copies', () => {
  const packet = rawMessage([53, 1, 1, END]);
  const { options, chaddr } = decodeDhcp(packet);
  packet[242] = 7;
  packet[28] = 9;
  assert.deepEqual(options.get(53), Uint8Array.of(7));
  assert.equal(chaddr[0], 9);
});

test('a packet that lies within a larger buffer is read from its own start', () => {
  const larger = new Uint8Array(1000).fill(0xee);
  larger.set(goldenDhcp.ovmfDiscover, 100);
  const packet = larger.subarray(100, 100 + goldenDhcp.ovmfDiscover.length);
  assert.deepEqual(decodeDhcp(packet), decodeDhcp(goldenDhcp.ovmfDiscover));
});

test('BOOTP: without the magic cookie there are no options', () => {
  assert.equal(decodeDhcp(rawMessage([53, 1, 1, END], { cookie: false })).options.size, 0);
});

test('a BOOTP header of 236 bytes is enough, 235 are not', () => {
  const packet = rawMessage([]);
  assert.equal(decodeDhcp(packet.subarray(0, 236)).xid, 0x12345678);
  assert.equal(decodeDhcp(packet.subarray(0, 239)).options.size, 0);
  malformed(() => decodeDhcp(packet.subarray(0, 235)), /ends before its 236 bytes of header/);
  malformed(() => decodeDhcp(new Uint8Array(0)), /ends before/);
});

test('op must be a request or a reply', () => {
  const packet = rawMessage([END]);
  packet[0] = 3;
  malformed(() => decodeDhcp(packet), /op is 3/);
});

test('hlen of 16 fills chaddr, 17 is refused', () => {
  const packet = rawMessage([END]);
  packet[2] = 16;
  assert.equal(decodeDhcp(packet).chaddr.length, 16);
  packet[2] = 17;
  malformed(() => decodeDhcp(packet), /hlen is 17/);
});

test('Infiniband has no hardware address (RFC 4390)', () => {
  const packet = rawMessage([61, 3, 255, 0, 1, END]);
  packet[1] = 32;
  packet[2] = 0;
  const { htype, hlen, chaddr } = decodeDhcp(packet);
  assert.deepEqual({ htype, hlen, length: chaddr.length }, { htype: 32, hlen: 0, length: 0 });
});

test('padding between options is skipped, and nothing behind END is read', () => {
  const { options } = decodeDhcp(rawMessage([0, 0, 53, 1, 1, 0, 57, 2, 5, 192, END, 12, 200, 1]));
  assert.deepEqual([...options.keys()], [53, 57]);
});

test('END may be missing where the last option ends with the packet', () => {
  assert.deepEqual(decodeDhcp(rawMessage([53, 1, 1])).options.get(53), Uint8Array.of(1));
});

test('an option that goes beyond the packet is refused, however little', () => {
  malformed(() => decodeDhcp(rawMessage([53, 1])), /option 53 wants 1 bytes, 0 are left/);
  malformed(() => decodeDhcp(rawMessage([12, 5, 1, 2, 3, 4])), /option 12 wants 5 bytes, 4 are left/);
  malformed(() => decodeDhcp(rawMessage([53, 1, 1, 12])), /option 12 has no length/);
});

test('an option without a value is there', () => {
  assert.deepEqual(decodeDhcp(rawMessage([80, 0, END])).options.get(80), new Uint8Array(0));
});

test('parts of an option are one value, also with others between (RFC 3396)', () => {
  const { options } = decodeDhcp(rawMessage([12, 2, 1, 2, 53, 1, 1, 12, 1, 3, 12, 0, 12, 1, 4, END]));
  assert.deepEqual(options.get(12), Uint8Array.of(1, 2, 3, 4));
  assert.deepEqual([...options.keys()], [12, 53]);
});

test('overload: options go on in file, then in sname, and both texts are empty', () => {
  const packet = rawMessage([53, 1, 1, 119, 1, 0xa, 52, 1, 3, END]);
  packet.set([119, 1, 0xb, 66, 1, 0x66, END], 108);
  packet.set([119, 1, 0xc, 67, 1, 0x67, END], 44);
  const { options, file, sname } = decodeDhcp(packet);
  assert.deepEqual(options.get(119), Uint8Array.of(0xa, 0xb, 0xc), 'in the order options, file, sname');
  assert.deepEqual([...options.keys()], [53, 119, 66, 67]);
  assert.deepEqual([file, sname], ['', '']);
});

test('overload of one field leaves the text of the other', () => {
  const packet = rawMessage([53, 1, 1, 52, 1, 1, END]);
  packet.set([12, 1, 0x61, END], 108);
  packet.set(Buffer.from('server'), 44);
  const { options, file, sname } = decodeDhcp(packet);
  assert.deepEqual([...options.keys()], [53, 12]);
  assert.deepEqual([file, sname], ['', 'server']);
});

test('an overloaded field has the same bounds as the packet', () => {
  const packet = rawMessage([52, 1, 2, END]);
  packet.set([12, 62], 44);
  assert.equal(decodeDhcp(packet).options.get(12)?.length, 62, 'ends with the field, without END');
  packet[45] = 63;
  malformed(() => decodeDhcp(packet), /option 12 wants 63 bytes, 62 are left/);
});

test('overload within an overloaded field changes nothing', () => {
  const packet = rawMessage([52, 1, 1, END]);
  packet.set([52, 1, 2, END], 108);
  packet.set(Buffer.from('server'), 44);
  assert.equal(decodeDhcp(packet).sname, 'server');
});

test('overload must be 1, 2 or 3', () => {
  malformed(() => decodeDhcp(rawMessage([52, 1, 0, END])), /option 52 is not 1, 2 or 3/);
  malformed(() => decodeDhcp(rawMessage([52, 1, 4, END])), /option 52/);
  malformed(() => decodeDhcp(rawMessage([52, 2, 1, 1, END])), /option 52/);
  malformed(() => decodeDhcp(rawMessage([52, 0, END])), /option 52/);
});

test('texts end with their NUL or with their field', () => {
  const packet = rawMessage([END]);
  packet.set(Buffer.from('pxelinux.0\0rest'), 108);
  packet.fill(0x61, 44, 108);
  const { file, sname } = decodeDhcp(packet);
  assert.equal(file, 'pxelinux.0');
  assert.equal(sname, 'a'.repeat(64));
});

test('thousands of parts of one option cost no more than their bytes', () => {
  const parts = Array.from({ length: 20_000 }, () => [12, 1, 0x61]).flat();
  const packet = rawMessage([...parts, END]);
  const startedAt = performance.now();
  assert.equal(decodeDhcp(packet).options.get(12)?.length, 20_000);
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 500, `${tookMs} ms: joined at each part this is 200 MB of copies`);
});
