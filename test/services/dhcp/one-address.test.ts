import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import { OptionCode } from '../../../src/codecs/dhcp/option-table.ts';
import { formatIpv4 } from '../../../src/domain/ipv4.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import { goldenDhcp } from '../../codecs/golden/dhcp.ts';
import {
  Client,
  FakeNodes,
  ip,
  ipxeOptions,
  Pod,
  podSettings,
  pxeOptions,
  reservation,
  SERVER,
  subnetOf,
} from './pod.ts';

const MAC = '52:54:00:77:00:01' as MacAddress;
const SECOND_MAC = '52:54:00:77:00:02' as MacAddress;
const UUID = '77000000-0000-4000-8000-000000000001';
const UUID_OPTION = goldenDhcp.ovmfDiscover;

function machineId(): [number, Uint8Array] {
  const value = decodeDhcp(UUID_OPTION).options.get(OptionCode.clientMachineId);
  assert.ok(value !== undefined);
  return [OptionCode.clientMachineId, value];
}

test('PXE, iPXE, installer and OS of one interface get one address, whatever client identifier each sends', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  const pxe = await client.boot({ options: pxeOptions() });
  const ipxe = await client.boot({ clientId: Uint8Array.of(1, 0x52, 0x54, 0, 0x77, 0, 1), options: ipxeOptions() });
  const installer = await client.boot({ clientId: Uint8Array.of(255, 0, 0, 0, 1, 0, 1, 9, 9, 9, 9) });
  const os = await client.boot({ clientId: Uint8Array.of(255, 7, 7, 7, 7, 0, 2, 0, 0, 171, 17) });
  assert.equal(pxe, '10.77.0.100');
  assert.deepEqual([ipxe, installer, os], [pxe, pxe, pxe]);
  assert.equal(pod.disk.size, 1);
});

test('a node gets its reserved address, also where it is outside of every pool', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC, address: ip('10.77.0.21') }]);
  const client = await Client.plugIn(await Pod.up({ nodes }));
  assert.equal(await client.boot(), '10.77.0.21');
});

test('nobody else is given a reserved address, not even who asks for it', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC, address: ip('10.77.0.100') }]);
  const settings = podSettings({
    reservations: [reservation('switch1', '10.77.0.101', { mac: '52:54:00:aa:00:01' as MacAddress })],
  });
  const client = await Client.plugIn(await Pod.up({ nodes, settings }));
  assert.equal(await client.boot({ mac: SECOND_MAC, requested: '10.77.0.100' }), '10.77.0.102');
  const refused = await client.ask({ type: MessageType.REQUEST, mac: SECOND_MAC, requested: '10.77.0.101' });
  assert.equal(refused?.options.get(OptionCode.messageType)?.[0], MessageType.NAK);
});

test('an address that a client holds and that is then reserved for a node waits for the end of the lease', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  assert.equal(await client.boot({ mac: SECOND_MAC }), '10.77.0.100');
  pod.nodes.enrol('dgx01', [{ mac: MAC, address: ip('10.77.0.100') }]);

  assert.equal(await client.boot({ mac: MAC }), '10.77.0.101', 'meanwhile the owner gets one from the pool');
  const renewal = await client.ask({ type: MessageType.REQUEST, mac: SECOND_MAC, ciaddr: '10.77.0.100' });
  assert.equal(renewal?.options.get(OptionCode.messageType)?.[0], MessageType.NAK, 'the other is not renewed');
  pod.clock.advance(3_600_000);
  assert.equal(await client.boot({ mac: MAC }), '10.77.0.100');
  assert.equal(pod.leases.byAddress(ip('10.77.0.101')), undefined, 'one interface has one address');
});

test('an owner that runs on a pool address is moved to its reserved one when it renews', async () => {
  const pod = await Pod.up();
  const client = await Client.plugIn(pod);
  assert.equal(await client.boot(), '10.77.0.100');
  pod.nodes.enrol('dgx01', [{ mac: MAC, address: ip('10.77.0.21') }]);
  const renewal = await client.ask({ type: MessageType.REQUEST, ciaddr: '10.77.0.100' });
  assert.equal(renewal?.options.get(OptionCode.messageType)?.[0], MessageType.NAK);
  assert.equal(await client.boot(), '10.77.0.21');
});

test('two NICs of one machine send the same UUID: one gets its reserved address, both boot, neither fights', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ address: ip('10.77.0.21') }], { uuid: UUID });
  const pod = await Pod.up({ nodes });
  const client = await Client.plugIn(pod);
  const options = [...pxeOptions(), machineId()];
  assert.equal(await client.boot({ mac: MAC, options }), '10.77.0.21');
  assert.equal(await client.boot({ mac: SECOND_MAC, options }), '10.77.0.100');
  for (let round = 0; round < 3; round += 1) {
    assert.equal(await client.boot({ mac: SECOND_MAC, options }), '10.77.0.100');
    assert.equal(await client.boot({ mac: MAC, options }), '10.77.0.21');
  }
  assert.equal(pod.leases.byAddress(ip('10.77.0.100'))?.nodeId, 'id-dgx01');
});

test('a NIC with the UUID of a node whose interface has another MAC address does not take its address', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC, address: ip('10.77.0.21') }], { uuid: UUID });
  const client = await Client.plugIn(await Pod.up({ nodes }));
  assert.equal(await client.boot({ mac: SECOND_MAC, options: [...pxeOptions(), machineId()] }), '10.77.0.100');
});

test('a machine known by its UUID keeps its address when its OS renews without telling the UUID', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ address: ip('10.77.0.21') }], { uuid: UUID });
  const pod = await Pod.up({ nodes });
  const client = await Client.plugIn(pod, { address: '10.77.0.21' });
  assert.equal(await client.boot({ options: [...pxeOptions(), machineId()] }), '10.77.0.21');
  const renewal = await client.ask({ type: MessageType.REQUEST, ciaddr: '10.77.0.21' });
  assert.equal(formatIpv4(renewal?.yiaddr ?? 0), '10.77.0.21');
  await pod.crash();
  assert.equal(await client.boot(), '10.77.0.21', 'also after a restart');
});

test('an address that became ours or a relay’s is not offered to the node that has it reserved', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC, address: ip('10.77.0.2') }]);
  const pod = await Pod.up({ nodes });
  const client = await Client.plugIn(pod);
  assert.equal(await client.boot(), '10.77.0.2');
  await pod.service.reload(podSettings({ subnets: [subnetOf({ relays: ['10.77.0.2'] })] }));
  assert.equal(await client.boot(), '10.77.0.100');
});

test('a NIC that was taken out of a node is not the node any more, wherever it turns up', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC }]);
  const pod = await Pod.up({ nodes, settings: podSettings({}, 'reservations') });
  const client = await Client.plugIn(pod);
  assert.equal(await client.boot(), '10.77.0.100');
  nodes.enrol('dgx01', [{ mac: SECOND_MAC }]);
  assert.equal(await client.boot({ options: pxeOptions() }), undefined, 'a stranger');
  assert.equal(await client.boot({ mac: SECOND_MAC }), '10.77.0.101');
});

test('a machine known by its UUID is known after it declined its address, too', async () => {
  const settings = podSettings({ reservations: [reservation('nas1', '10.77.0.9', { uuid: UUID })] });
  const pod = await Pod.up({ settings });
  const client = await Client.plugIn(pod);
  assert.equal(await client.boot({ options: [...pxeOptions(), machineId()] }), '10.77.0.9');
  await client.ask({ type: MessageType.DECLINE, requested: '10.77.0.9', serverId: SERVER });
  pod.clock.advance(3_600_001);
  assert.equal(await client.boot(), '10.77.0.9', 'the quarantine is over; its system does not tell the UUID');
});

test('a reservation by client identifier is Infiniband’s: no hardware address (RFC 4390)', async () => {
  const clientId = Uint8Array.of(0xff, 0, 0, 0, 0, 0, 2, 0, 0, 2, 0xc9, 0);
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [
    { clientId: Buffer.from(clientId).toString('hex'), role: 'infiniband', address: ip('10.77.0.31') },
  ]);
  const pod = await Pod.up({ nodes });
  const client = await Client.plugIn(pod);
  assert.equal(await client.boot({ htype: 32, hlen: 0, clientId }), '10.77.0.31');
  assert.equal(await client.boot({ htype: 32, hlen: 0, clientId: Uint8Array.of(255, 1, 2, 3) }), '10.77.0.100');
  assert.equal(await client.boot({ htype: 32, hlen: 0 }), undefined, 'nobody asks');
});

test('a machine may carry one MAC address into two subnets and has an address in each', async () => {
  const settings = podSettings({
    subnets: [
      subnetOf(),
      subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: ['10.78.0.1'] }),
    ],
  });
  const pod = await Pod.up({ settings });
  const here = await Client.plugIn(pod);
  const there = await Client.plugIn(pod, { relay: '10.78.0.1' });
  assert.equal(await here.boot(), '10.77.0.100');
  assert.equal(await there.boot(), '10.78.0.100');
  assert.equal(await here.boot(), '10.77.0.100');
  assert.equal(pod.leases.byAddress(ip('10.78.0.100'))?.state, 'bound');
});

test('a reservation by switch port (option 82) follows the port, not the machine', async () => {
  const settings = podSettings({
    subnets: [subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: ['10.78.0.1'] })],
    reservations: [reservation('pdu1', '10.78.0.9', { switchPort: { circuitId: '6c616e' } })],
  });
  const pod = await Pod.up({ settings });
  const relay = await Client.plugIn(pod, { relay: '10.78.0.1' });
  const lan: [number, Uint8Array] = [OptionCode.relayAgentInformation, Uint8Array.of(1, 3, 0x6c, 0x61, 0x6e)];
  const wan: [number, Uint8Array] = [OptionCode.relayAgentInformation, Uint8Array.of(1, 3, 0x77, 0x61, 0x6e)];
  assert.equal(await relay.boot({ options: [lan] }), '10.78.0.9');
  assert.equal(await relay.boot({ options: [wan] }), '10.78.0.100', 'moved to another port');
});
