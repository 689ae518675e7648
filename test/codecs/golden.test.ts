import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeClientArchitectures } from '../../src/codecs/dhcp/client-architecture.ts';
import { decodeClientIdentifier } from '../../src/codecs/dhcp/client-identifier.ts';
import { decodeClientMachineId } from '../../src/codecs/dhcp/client-machine-id.ts';
import { decodeDhcp } from '../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../src/codecs/dhcp/encode.ts';
import { decodeIpxeOptions } from '../../src/codecs/dhcp/ipxe-options.ts';
import { OptionCode, optionByCode } from '../../src/codecs/dhcp/option-table.ts';
import { decodeOptionValue } from '../../src/codecs/dhcp/option-values.ts';
import { decodeRelayAgentInformation } from '../../src/codecs/dhcp/relay-agent-information.ts';
import { decodeUserClass } from '../../src/codecs/dhcp/user-class.ts';
import { decodeVendorClass } from '../../src/codecs/dhcp/vendor-class.ts';
import { decodeTftp } from '../../src/codecs/tftp/decode.ts';
import { TftpErrorCode, TftpOp } from '../../src/codecs/tftp/packet.ts';
import { encodeTftp } from '../fuzz/codec-targets.ts';
import { goldenDhcp } from './golden/dhcp.ts';
import { goldenTftp } from './golden/tftp.ts';

describe('what firmware really sends', () => {
  for (const [name, packet] of Object.entries(goldenDhcp)) {
    test(`${name} is the same after decode, encode, decode`, () => {
      const message = decodeDhcp(packet);
      assert.deepEqual(decodeDhcp(encodeDhcp(message)), message);
    });
  }
  for (const [name, packet] of Object.entries(goldenTftp)) {
    test(`${name} is the same byte for byte after decode, encode`, () => {
      assert.deepEqual(encodeTftp(decodeTftp(packet)), packet);
    });
  }

  const clients: readonly [keyof typeof goldenDhcp, string, number, string][] = [
    ['ovmfDiscover', 'PXEClient:Arch:00007:UNDI:003000', 7, '77000000-0000-4000-8000-000000000001'],
    ['ipxeUefiDiscover', 'PXEClient:Arch:00007:UNDI:003010', 7, '77000000-0000-4000-8000-000000000001'],
    ['ipxeBiosDiscover', 'PXEClient:Arch:00000:UNDI:002001', 0, '77000000-0000-4000-8000-000000000002'],
    ['aavmfDiscover', 'PXEClient:Arch:00011:UNDI:003000', 11, '77000000-0000-4000-8000-000000000004'],
    ['httpDiscover', 'HTTPClient:Arch:00016:UNDI:003000', 16, '77000000-0000-4000-8000-000000000003'],
  ];
  for (const [name, vendorClass, architecture, uuid] of clients) {
    test(`${name}: vendor class, architecture and machine id`, () => {
      const { options } = decodeDhcp(goldenDhcp[name]);
      assert.equal(decodeVendorClass(options.get(OptionCode.vendorClass)!).text, vendorClass);
      assert.equal(decodeVendorClass(options.get(OptionCode.vendorClass)!).architecture, architecture);
      assert.deepEqual(decodeClientArchitectures(options.get(OptionCode.clientArchitecture)!), [architecture]);
      assert.equal(decodeClientMachineId(options.get(OptionCode.clientMachineId)!), uuid);
    });
  }

  test('iPXE: bare user class, client identifier 01 and its MAC, features without https', () => {
    const { options, flags } = decodeDhcp(goldenDhcp.ipxeUefiDiscover);
    assert.equal(flags, 0);
    assert.deepEqual(decodeUserClass(options.get(OptionCode.userClass)!), { framing: 'bare', classes: ['iPXE'] });
    assert.deepEqual(decodeClientIdentifier(options.get(OptionCode.clientIdentifier)!), {
      form: 'hardware',
      htype: 1,
      address: Uint8Array.of(0x52, 0x54, 0x00, 0x77, 0x00, 0x01),
    });
    const { features, version } = decodeIpxeOptions(options.get(OptionCode.ipxeEncapsulated)!);
    assert.equal(version, '1.0.0');
    assert.deepEqual(features, ['iscsi', 'aoe', 'http', 'tftp', 'dns', 'srp', 'efi', 'menu', 'nfs']);
  });

  test('through the relay: circuit id, and the echo at the end of the OFFER', () => {
    const { options, giaddr, hops } = decodeDhcp(goldenDhcp.relayedDiscover);
    const relay = decodeRelayAgentInformation(options.get(OptionCode.relayAgentInformation)!);
    assert.deepEqual(relay, { circuitId: Uint8Array.from(Buffer.from('lan')), others: new Map() });
    assert.deepEqual([giaddr, hops], [0x0a4e0001, 1]);
    const offered = [...decodeDhcp(goldenDhcp.relayedOffer).options.keys()];
    assert.equal(offered.at(-1), OptionCode.relayAgentInformation);
  });

  test('an OFFER in the words of podboot.yaml', () => {
    const { options, yiaddr, siaddr } = decodeDhcp(goldenDhcp.httpOffer);
    assert.deepEqual([yiaddr, siaddr], [0x0a4d0084, 0x0a4d0001]);
    const words = [...options].map(([code, value]) => {
      const { name, type } = optionByCode(code)!;
      return [name, decodeOptionValue(type, value)];
    });
    assert.deepEqual(Object.fromEntries(words), {
      messageType: 2,
      serverIdentifier: '10.77.0.1',
      leaseTime: 3600,
      bootFileName: 'http://10.77.0.1/ipxe.efi',
      renewalTime: 1800,
      rebindingTime: 3150,
      subnetMask: '255.255.255.0',
      broadcastAddress: '10.77.0.255',
      domainNameServers: ['10.77.0.1'],
      vendorClass: 'HTTPClient',
      routers: ['10.77.0.1'],
    });
  });

  test('OVMF asks for the size, aborts, and asks for the file', () => {
    assert.deepEqual(decodeTftp(goldenTftp.ovmfSizeRequest), {
      op: TftpOp.RRQ,
      name: 'ipxe.efi',
      mode: 'octet',
      options: new Map([
        ['tsize', '0'],
        ['blksize', '1468'],
        ['windowsize', '4'],
      ]),
    });
    assert.deepEqual(decodeTftp(goldenTftp.ovmfAbort), {
      op: TftpOp.ERROR,
      code: TftpErrorCode.OPTIONS_REFUSED,
      message: 'User aborted the transfer',
    });
    assert.deepEqual(decodeTftp(goldenTftp.ovmfFileRequest), {
      op: TftpOp.RRQ,
      name: 'ipxe.efi',
      mode: 'octet',
      options: new Map([
        ['blksize', '1468'],
        ['windowsize', '4'],
      ]),
    });
  });
});
