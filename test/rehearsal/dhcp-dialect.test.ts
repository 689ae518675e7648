import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { type DhcpMessage, MessageType } from '../../src/codecs/dhcp/message.ts';
import { parseMac } from '../../src/domain/mac.ts';
import { type DhcpDialect, edk2Http, edk2Pxe, ipxe } from '../../src/rehearsal/dhcp-dialect.ts';
import { readPcap } from '../harness/pcap.ts';
import { SHARED, unmet } from '../harness/skip.ts';

/** Of a lab machine: its number is in its MAC address and its UUID. */
const CAPTURES: readonly { file: string; number: string; dialect: DhcpDialect; isIpxe: boolean }[] = [
  { file: 'uefi-pxe', number: '01', dialect: edk2Pxe(7), isIpxe: false },
  { file: 'uefi-pxe', number: '01', dialect: ipxe(7), isIpxe: true },
  { file: 'uefi-http', number: '03', dialect: edk2Http(16), isIpxe: false },
  { file: 'arm64-pxe', number: '', dialect: edk2Pxe(11), isIpxe: false },
  { file: 'bios-virtio', number: '02', dialect: ipxe(0), isIpxe: true },
];

for (const { file, dialect, isIpxe } of CAPTURES) {
  const skip = unmet({ shared: ['lab/captures'] });
  test(`${dialect.name} sends the options of real firmware in ${file}`, { skip }, () => {
    const requests = readPcap(`${SHARED}lab/captures/${file}.pcap`)
      .filter((datagram) => datagram.destination.port === 67)
      .map((datagram) => decodeDhcp(datagram.payload))
      .filter((message) => message.options.has(77) === isIpxe);
    for (const type of [MessageType.DISCOVER, MessageType.REQUEST]) {
      const real = requests.find((message) => message.options.get(53)?.[0] === type);
      assert.ok(real, `${file} has such a message`);
      const mac = parseMac(Buffer.from(real.chaddr).toString('hex'));
      assert.ok(mac);
      const number = real.chaddr[5]?.toString(16).padStart(2, '0');
      const ours = dialect.options(type, { mac, uuid: `77000000-0000-4000-8000-0000000000${number}` });
      assert.deepEqual(comparable(ours), comparable(withoutAnswerOptions(real)));
      assert.equal(dialect.broadcast, (real.flags & 0x8000) !== 0);
    }
  });
}

function withoutAnswerOptions(message: DhcpMessage): Map<number, Uint8Array> {
  return new Map([...message.options].filter(([code]) => code !== 53 && code !== 50 && code !== 54));
}

/** EDK2 leaves one byte of its HTTP list unset: it differs from boot to boot. */
function comparable(options: ReadonlyMap<number, Uint8Array>): Record<string, string> {
  const stray = (code: number, hex: string): string => (code === 55 ? hex.replace(/3c(ea|f2)43/, '3c--43') : hex);
  return Object.fromEntries(
    [...options].map(([code, value]) => [code, stray(code, Buffer.from(value).toString('hex'))]),
  );
}
