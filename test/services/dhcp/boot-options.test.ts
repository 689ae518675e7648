import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../../src/codecs/dhcp/encode.ts';
import { decodeIpxeOptions } from '../../../src/codecs/dhcp/ipxe-options.ts';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../../src/codecs/dhcp/option-table.ts';
import { decodePxeVendorOptions } from '../../../src/codecs/dhcp/pxe-vendor-options.ts';
import type { BootInformation } from '../../../src/domain/boot.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import { settle } from '../../harness/clock.ts';
import {
  addressBytes,
  bytesOf,
  Client,
  FakeNodes,
  ip,
  ipxeOptions,
  message,
  numberOption,
  Pod,
  podSettings,
  pxeOptions,
  reservation,
  SERVER,
  subnetOf,
  textOption,
  typeOf,
} from './pod.ts';

const { ACK, DISCOVER, INFORM, OFFER, REQUEST } = MessageType;
const MAC = '52:54:00:77:00:01' as MacAddress;
const NBP: BootInformation = {
  file: 'snponly.efi',
  nextServer: ip(SERVER),
  vendorClass: 'PXEClient',
  reason: 'iPXE (snponly.efi) for x86-64 UEFI',
};
const SCRIPT: BootInformation = { file: `http://${SERVER}/boot.ipxe`, reason: 'script' };

test('UEFI PXE gets its boot program in siaddr and file, and in options 66 and 67 where it asks', async () => {
  const client = await Client.plugIn(await Pod.up({ boot: () => NBP }));
  const bare = await client.ask({ type: DISCOVER, options: pxeOptions(), list: [1, 3] });
  assert.equal(bare?.file, 'snponly.efi');
  assert.equal(bare?.siaddr, ip(SERVER));
  assert.equal(bare?.options.has(OptionCode.bootFileName), false);
  assert.equal(
    bare?.options.has(OptionCode.vendorClass),
    false,
    'EDK2 would ask on at port 4011, and give up: PXE-E16',
  );
  assert.equal(bare?.options.has(OptionCode.vendorSpecific), false);
  const asking = await client.ask({ type: DISCOVER, options: pxeOptions(), list: [1, 3, 66, 67] });
  assert.equal(textOption(asking, OptionCode.bootFileName), 'snponly.efi');
  assert.equal(textOption(asking, OptionCode.tftpServerName), SERVER);
});

test('a BIOS ROM is told to take the file without discovery, and gets its UUID back', async () => {
  const client = await Client.plugIn(await Pod.up({ boot: () => ({ ...NBP, file: 'undionly.kpxe' }) }));
  const machineId = Uint8Array.of(0, ...Array.from({ length: 16 }, (_, index) => index + 1));
  const offer = await client.ask({
    type: DISCOVER,
    options: [...pxeOptions(0), [OptionCode.clientMachineId, machineId]],
  });
  const vendor = decodePxeVendorOptions(offer?.options.get(OptionCode.vendorSpecific) ?? new Uint8Array(0));
  assert.equal(vendor.discoveryControl, 8);
  assert.deepEqual(Uint8Array.from(offer?.options.get(OptionCode.clientMachineId) ?? []), machineId);
});

test('UEFI HTTP boot gets its URL in option 67 and HTTPClient back', async () => {
  const boot = { file: `http://${SERVER}/snponly.efi`, vendorClass: 'HTTPClient', reason: 'HTTP' } as const;
  const client = await Client.plugIn(await Pod.up({ boot: () => boot }));
  const options: [number, Uint8Array][] = [[OptionCode.vendorClass, bytesOf('HTTPClient:Arch:00016:UNDI:003000')]];
  const offer = await client.ask({ type: DISCOVER, options, list: [1, 3] });
  assert.equal(textOption(offer, OptionCode.bootFileName), boot.file);
  assert.equal(textOption(offer, OptionCode.vendorClass), 'HTTPClient');
});

test('iPXE gets its script at once, and need not wait for a proxyDHCP server', async () => {
  const client = await Client.plugIn(await Pod.up({ boot: () => SCRIPT }));
  const offer = await client.ask({ type: DISCOVER, options: ipxeOptions(), list: [1, 3, 67, 175] });
  assert.equal(offer?.file, SCRIPT.file);
  assert.equal(
    decodeIpxeOptions(offer?.options.get(OptionCode.ipxeEncapsulated) ?? new Uint8Array(0)).noProxyDhcp,
    true,
  );
});

test('a name of more than 127 bytes goes by option 67 alone', async () => {
  const file = `http://${SERVER}/${'x'.repeat(200)}`;
  const client = await Client.plugIn(await Pod.up({ boot: () => ({ file, reason: 'long' }) }));
  const offer = await client.ask({ type: DISCOVER, options: ipxeOptions(), list: [1, 3] });
  assert.equal(offer?.file, '');
  assert.equal(textOption(offer, OptionCode.bootFileName), file);
});

test('nothing to boot: no file, no server, and no word that firmware would take for a boot offer', async () => {
  const client = await Client.plugIn(await Pod.up());
  const offer = await client.ask({ type: DISCOVER, options: pxeOptions() });
  assert.equal(offer?.siaddr, 0);
  assert.equal(offer?.file, '');
  assert.equal(offer?.options.has(OptionCode.vendorClass), false);
});

test('an operating system is not asked what it boots', async () => {
  const client = await Client.plugIn(
    await Pod.up({
      boot: () => {
        throw new Error('asked');
      },
    }),
  );
  assert.equal(await client.boot(), '10.77.0.100');
});

test('options merge: site, subnet, group, node; the last one wins; only what was asked for is sent', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC }], { group: 'dgx', options: { ntpServers: ['10.77.0.4'], rackName: 'r1' } });
  const settings = podSettings({
    options: new Map([
      [OptionCode.domainName, bytesOf('site.example')],
      [OptionCode.interfaceMtu, Uint8Array.of(5, 220)],
      [OptionCode.ntpServers, addressBytes('10.77.0.2')],
    ]),
    subnets: [
      subnetOf({
        options: new Map([
          [OptionCode.domainName, bytesOf('subnet.example')],
          [OptionCode.interfaceMtu, Uint8Array.of(5, 221)],
        ]),
      }),
    ],
    groups: new Map([['dgx', { name: 'dgx', options: new Map([[OptionCode.interfaceMtu, Uint8Array.of(35, 40)]]) }]]),
    customOptions: [{ name: 'rackName', code: 224, type: 'string' }],
  });
  const client = await Client.plugIn(await Pod.up({ nodes, settings }));
  const all = await client.ask({ type: DISCOVER, list: [1, 12, 15, 26, 42, 224] });
  assert.equal(textOption(all, OptionCode.domainName), 'subnet.example');
  assert.equal(numberOption(all, OptionCode.interfaceMtu), 9000);
  assert.equal(numberOption(all, OptionCode.ntpServers), ip('10.77.0.4'));
  assert.equal(textOption(all, OptionCode.hostName), 'dgx01');
  assert.equal(textOption(all, 224), 'r1');
  const few = await client.ask({ type: DISCOVER, list: [26] });
  const unasked = [OptionCode.domainName, OptionCode.hostName, OptionCode.ntpServers, 224];
  assert.deepEqual(
    unasked.filter((code) => few?.options.has(code)),
    [],
  );
  assert.equal(numberOption(few, OptionCode.subnetMask), 0xffffff00, 'the mask comes always');
});

test('a changed node has its new options in the next answer; a bad one is told once and left out', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC }], { options: { interfaceMtu: 9000 } });
  const pod = await Pod.up({ nodes });
  const client = await Client.plugIn(pod);
  assert.equal(numberOption(await client.ask({ type: DISCOVER }), OptionCode.interfaceMtu), 9000);
  nodes.enrol('dgx01', [{ mac: MAC }], { options: { interfaceMtu: 'large', nonsense: 1 }, version: 2 });
  assert.equal(numberOption(await client.ask({ type: DISCOVER }), OptionCode.interfaceMtu), undefined);
  await client.ask({ type: DISCOVER, list: [26] });
  assert.equal(pod.eventsOf('dhcp.option-ignored').length, 2);
});

test('a node’s controller does not go by the node’s host name; a reservation has its options', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC, role: 'bmc' }]);
  const settings = podSettings({
    reservations: [
      reservation('switch1', '10.77.0.10', { mac: '52:54:00:aa:00:01' as MacAddress }, new Map([[224, bytesOf('x')]])),
    ],
  });
  const client = await Client.plugIn(await Pod.up({ nodes, settings }));
  assert.equal((await client.ask({ type: DISCOVER }))?.options.has(OptionCode.hostName), false);
  assert.equal(textOption(await client.ask({ type: DISCOVER, mac: '52:54:00:aa:00:01' }), 224), 'x');
});

test('client identifier and option 82 come back as they were sent, in a NAK too', async () => {
  const settings = podSettings({
    subnets: [subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: ['10.78.0.1'] })],
  });
  const relay = await Client.plugIn(await Pod.up({ settings }), { relay: '10.78.0.1' });
  const clientId = Uint8Array.of(255, 1, 2, 3, 4);
  const option82 = Uint8Array.of(1, 3, 0x6c, 0x61, 0x6e, 9, 1, 7);
  const options: [number, Uint8Array][] = [[OptionCode.relayAgentInformation, option82]];
  for (const sketch of [{ type: DISCOVER }, { type: REQUEST, requested: '10.1.1.1' }]) {
    const answer = await relay.ask({ ...sketch, clientId, options });
    assert.deepEqual(Uint8Array.from(answer?.options.get(OptionCode.clientIdentifier) ?? []), clientId);
    assert.deepEqual(Uint8Array.from(answer?.options.get(OptionCode.relayAgentInformation) ?? []), option82);
    if (sketch.type === REQUEST) assert.equal((answer?.flags ?? 0) & 0x8000, 0x8000);
  }
});

test('a relay that wants to be taken for the server is (RFC 5107), on the link it is not', async () => {
  const settings = podSettings({
    subnets: [
      subnetOf(),
      subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: ['10.78.0.1'] }),
    ],
  });
  const pod = await Pod.up({ settings });
  const override: [number, Uint8Array][] = [[OptionCode.relayAgentInformation, Uint8Array.of(11, 4, 10, 78, 0, 1)]];
  const relay = await Client.plugIn(pod, { relay: '10.78.0.1' });
  const offer = await relay.ask({ type: DISCOVER, options: override });
  assert.equal(numberOption(offer, OptionCode.serverIdentifier), ip('10.78.0.1'));
  assert.equal(await relay.boot({ options: override }), '10.78.0.100');
  const here = await Client.plugIn(pod);
  const direct = await here.ask({ type: DISCOVER, options: override });
  assert.equal(numberOption(direct, OptionCode.serverIdentifier), ip(SERVER));
});

test('proxy: boot clients are told what to boot and given no address, all others hear nothing', async () => {
  const pod = await Pod.up({ settings: podSettings({ subnets: [] }, 'proxy'), boot: () => NBP });
  const client = await Client.plugIn(pod);
  const offer = await client.ask({ type: DISCOVER, options: pxeOptions() });
  assert.equal(typeOf(offer), OFFER);
  assert.equal(offer?.yiaddr, 0);
  assert.equal(offer?.siaddr, ip(SERVER));
  assert.equal(offer?.file, 'snponly.efi');
  assert.equal(textOption(offer, OptionCode.vendorClass), 'PXEClient');
  assert.equal(numberOption(offer, OptionCode.serverIdentifier), ip(SERVER));
  assert.equal(offer?.options.has(OptionCode.leaseTime), false);
  assert.equal(offer?.options.has(OptionCode.subnetMask), false);
  assert.equal(await client.ask({ type: DISCOVER }), undefined);
  const taken = { type: REQUEST, requested: '10.77.0.150', serverId: '10.77.0.5', options: pxeOptions() };
  assert.equal(await client.ask(taken), undefined, 'the lease is the other server’s');
  assert.equal(pod.disk.size, 0);
});

test('proxy: a UEFI client asks again on port 4011 and is answered where it is', async () => {
  const pod = await Pod.up({ settings: podSettings({ subnets: [] }, 'proxy'), boot: () => NBP });
  const machine = pod.network.host('machine', [{ name: 'eno1', link: 'lab', address: '10.77.0.150' }]);
  const socket = await machine.openDatagram({ address: '10.77.0.150', port: 4011 });
  const heard: Uint8Array[] = [];
  socket.onMessage((data) => heard.push(data.slice()));
  for (const type of [REQUEST, INFORM]) {
    const asks = message({ type, ciaddr: '10.77.0.150', flags: 0, options: pxeOptions(), list: [66, 67] });
    socket.send(encodeDhcp(asks), { address: SERVER, port: 4011 });
    await settle();
    const answer = decodeDhcp(heard.at(-1) ?? new Uint8Array(0));
    assert.equal(typeOf(answer), ACK);
    assert.equal(answer.yiaddr, 0);
    assert.equal(textOption(answer, OptionCode.bootFileName), 'snponly.efi');
  }
  assert.deepEqual(pod.network.sent.at(-1)?.to, { address: '10.77.0.150', port: 4011 });
});

test('proxy: a BIOS ROM takes the file of the offer, and iPXE its script, still open to others', async () => {
  const bios = await Client.plugIn(
    await Pod.up({ settings: podSettings({ subnets: [] }, 'proxy'), boot: () => ({ ...NBP, file: 'undionly.kpxe' }) }),
  );
  const offer = await bios.ask({ type: DISCOVER, options: pxeOptions(0) });
  const vendor = decodePxeVendorOptions(offer?.options.get(OptionCode.vendorSpecific) ?? new Uint8Array(0));
  assert.equal(vendor.discoveryControl, 8);
  const ipxe = await Client.plugIn(
    await Pod.up({ settings: podSettings({ subnets: [] }, 'proxy'), boot: () => SCRIPT }),
  );
  const script = await ipxe.ask({ type: DISCOVER, options: ipxeOptions() });
  assert.equal(script?.file, SCRIPT.file);
  assert.equal(textOption(script, OptionCode.vendorClass), 'PXEClient', 'or iPXE would not take it for a proxy’s');
  assert.equal(script?.options.has(OptionCode.ipxeEncapsulated), false);
});

test('each step of a network boot is one line that a person can follow; an operating system’s is debug', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC }]);
  const pod = await Pod.up({ nodes, boot: () => NBP });
  const client = await Client.plugIn(pod);
  await client.boot({ options: pxeOptions() });
  assert.deepEqual(
    pod.events.map(({ type, level, text }) => [type, level, text]),
    [
      [
        'dhcp.offer',
        'info',
        'dgx01 (52:54:00:77:00:01): PXE firmware for x86-64 UEFI is offered 10.77.0.100, boots snponly.efi: iPXE (snponly.efi) for x86-64 UEFI',
      ],
      [
        'dhcp.ack',
        'info',
        'dgx01 (52:54:00:77:00:01): PXE firmware for x86-64 UEFI has 10.77.0.100, boots snponly.efi: iPXE (snponly.efi) for x86-64 UEFI',
      ],
    ],
  );
  pod.events.length = 0;
  await client.boot();
  assert.deepEqual(
    pod.events.map((event) => event.level),
    ['debug', 'debug'],
  );
});
