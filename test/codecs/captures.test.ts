import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { decodeClientArchitectures } from '../../src/codecs/dhcp/client-architecture.ts';
import { decodeClientMachineId } from '../../src/codecs/dhcp/client-machine-id.ts';
import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../src/codecs/dhcp/encode.ts';
import { type DhcpMessage, MessageType } from '../../src/codecs/dhcp/message.ts';
import { uint16Option } from '../../src/codecs/dhcp/option-fields.ts';
import { decodeRelayAgentInformation } from '../../src/codecs/dhcp/relay-agent-information.ts';
import { decodeTftp } from '../../src/codecs/tftp/decode.ts';
import { TftpOp } from '../../src/codecs/tftp/packet.ts';
import { encodeTftp } from '../fuzz/codec-targets.ts';
import { type CapturedDatagram, readPcap } from '../harness/pcap.ts';
import { SHARED, unmet } from '../harness/skip.ts';

const FOLDER = `${SHARED}lab/captures/`;
const skip = unmet({ shared: ['lab/captures'] });

function isPort(datagram: CapturedDatagram, ...ports: number[]): boolean {
  return ports.includes(datagram.source.port) || ports.includes(datagram.destination.port);
}

function dhcpOf(name: string): DhcpMessage[] {
  return readPcap(`${FOLDER}${name}.pcap`)
    .filter((datagram) => isPort(datagram, 67, 4011))
    .map(({ payload }) => decodeDhcp(payload));
}

function first(messages: readonly DhcpMessage[], type: number): DhcpMessage {
  const found = messages.find(({ options }) => options.get(53)?.[0] === type);
  assert.ok(found, `a message of type ${type}`);
  return found;
}

/** Requests to port 69, and what is said between the ports of their transfers. */
function tftpOf(datagrams: readonly CapturedDatagram[]): Uint8Array[] {
  const clients = new Set<string>();
  return datagrams.flatMap((datagram) => {
    const { source, destination, payload } = datagram;
    if (destination.port === 69) clients.add(`${source.address}:${source.port}`);
    const known = [source, destination].some(({ address, port }) => clients.has(`${address}:${port}`));
    return known ? [payload] : [];
  });
}

describe('captures of real firmware', { skip }, () => {
  for (const path of globSync(`${FOLDER}*.pcap`).sort()) {
    const name = basename(path, '.pcap');
    test(`${name}: each DHCP and TFTP datagram is the same after decode, encode, decode`, () => {
      const datagrams = readPcap(path);
      const dhcp = datagrams.filter((datagram) => isPort(datagram, 67, 4011));
      assert.ok(dhcp.length >= 4, `${dhcp.length} DHCP messages`);
      for (const { payload } of dhcp) {
        const message = decodeDhcp(payload);
        assert.ok(message.options.size >= 7, `only ${message.options.size} options`);
        assert.deepEqual(decodeDhcp(encodeDhcp(message)), message);
      }
      for (const payload of tftpOf(datagrams)) {
        const packet = decodeTftp(payload);
        assert.deepEqual(encodeTftp(packet), payload, 'TFTP comes back byte for byte');
      }
    });
  }

  test('uefi-pxe: architecture, machine id, and option 57 that grows in the REQUEST', () => {
    const messages = dhcpOf('uefi-pxe');
    const discover = first(messages, MessageType.DISCOVER);
    assert.deepEqual(decodeClientArchitectures(discover.options.get(93)!), [7]);
    assert.equal(decodeClientMachineId(discover.options.get(97)!), '77000000-0000-4000-8000-000000000001');
    assert.equal(uint16Option(discover.options, 57), 1472);
    assert.equal(uint16Option(first(messages, MessageType.REQUEST).options, 57), 65280);
  });

  test('uefi-http: a stray byte in option 55', () => {
    const requested = first(dhcpOf('uefi-http'), MessageType.DISCOVER).options.get(55)!;
    const stray = requested[requested.indexOf(60) + 1]!;
    assert.ok([234, 242].includes(stray), `${stray}`);
    assert.equal(requested[requested.indexOf(stray) + 1], 67);
  });

  test('relay-server-side: giaddr is on the side of the node, option 82 names its circuit', () => {
    const messages = dhcpOf('relay-server-side');
    const discover = first(messages, MessageType.DISCOVER);
    assert.equal(discover.giaddr, 0x0a4e0001);
    const relay = decodeRelayAgentInformation(discover.options.get(82)!);
    assert.equal(Buffer.from(relay.circuitId!).toString(), 'lan');
    assert.deepEqual(first(messages, MessageType.OFFER).options.get(82), discover.options.get(82));
  });

  test('bios-virtio: iPXE in the ROM asks with secs and without the broadcast flag', () => {
    const discover = first(dhcpOf('bios-virtio'), MessageType.DISCOVER);
    assert.deepEqual(decodeClientArchitectures(discover.options.get(93)!), [0]);
    assert.equal(discover.flags, 0);
    assert.ok(discover.secs >= 4);
  });

  test('secure-pxe: shim and GRUB ask by TFTP, with names that begin with a slash', () => {
    const packets = tftpOf(readPcap(`${FOLDER}secure-pxe.pcap`)).map(decodeTftp);
    const requests = packets.flatMap((packet) => (packet.op === TftpOp.RRQ ? [packet.name] : []));
    assert.deepEqual(requests.slice(0, 3), ['shimx64.efi', 'shimx64.efi', 'revocations_sku.efi']);
    assert.ok(requests.includes('/grub/grub.cfg'));
    assert.ok(packets.some((packet) => packet.op === TftpOp.ERROR && packet.code === 8));
  });
});
