import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDhcp } from '../../../src/codecs/dhcp/decode.ts';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import type { Sighting, SightingSink } from '../../../src/domain/discovered-machine.ts';
import type { MacAddress } from '../../../src/domain/mac.ts';
import type { NodePort } from '../../../src/domain/node.ts';
import { settle } from '../../harness/clock.ts';
import { readPcap } from '../../harness/pcap.ts';
import { SHARED, unmet } from '../../harness/skip.ts';
import { bytesOf, Client, FakeNodes, ip, Pod, podSettings, reservation, subnetOf } from './pod.ts';

class Notes implements SightingSink {
  readonly sightings: Sighting[] = [];
  readonly uses: { node: string; mac: MacAddress; evidence: string }[] = [];

  saw(sighting: Sighting): void {
    this.sightings.push(sighting);
  }

  used(port: NodePort, mac: MacAddress, evidence: 'switch-port' | 'uuid'): void {
    this.uses.push({ node: port.node.name, mac, evidence });
  }
}

const MAC = '52:54:00:77:00:01';
const UUID = '77000000-0000-4000-8000-000000000001';
/** Option 97: type 0, then the first three fields little-endian. */
const MACHINE_ID = Uint8Array.from(Buffer.from('000000007700000040' + '8000000000000001', 'hex'));
const RELAY_OPTION = Uint8Array.from([1, 4, ...bytesOf('Eth7'), 2, 3, ...bytesOf('sw1')]);
const PORT = { circuitId: '45746837', remoteId: '737731' };

async function podWith(options: { nodes?: FakeNodes; relay?: string; settings?: ReturnType<typeof podSettings> } = {}) {
  const notes = new Notes();
  const settings =
    options.settings ??
    podSettings({
      subnets: [
        subnetOf(),
        subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: ['10.78.0.1'] }),
      ],
    });
  const pod = await Pod.up({
    settings,
    sightings: notes,
    ...(options.nodes !== undefined && { nodes: options.nodes }),
  });
  const client = await Client.plugIn(pod, options.relay === undefined ? {} : { relay: options.relay });
  return { pod, client, notes };
}

test('a stranger is told with all that its packets say, and with its address once it has one', async () => {
  const { client, notes } = await podWith({ relay: '10.78.0.1' });
  const address = await client.boot({
    options: [
      [12, bytesOf('bare-metal')],
      [60, bytesOf('PXEClient:Arch:00007:UNDI:003000')],
      [82, RELAY_OPTION],
      [93, Uint8Array.of(0, 7)],
      [97, MACHINE_ID],
    ],
  });
  assert.equal(address, '10.78.0.100');
  const discover: Sighting = {
    key: `mac:${MAC}`,
    mac: MAC as MacAddress,
    stage: 'pxe',
    firmware: 'uefi-x64',
    architecture: 7,
    uuid: UUID,
    vendorClass: 'PXEClient:Arch:00007:UNDI:003000',
    hostname: 'bare-metal',
    switchPort: PORT,
    interfaceName: 'eno2',
    relay: ip('10.78.0.1'),
  };
  assert.deepEqual(notes.sightings, [discover, { ...discover, address: ip(address) }]);
});

test('a node that is known by its MAC address is never told', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: MAC as MacAddress }]);
  const { client, notes } = await podWith({ nodes });
  await client.boot({ options: [[97, MACHINE_ID]] });
  assert.deepEqual([notes.sightings, notes.uses], [[], []]);
});

test('a reserved machine is no stranger', async () => {
  const settings = podSettings({ reservations: [reservation('switch1', '10.77.0.10', { mac: MAC as MacAddress })] });
  const { client, notes } = await podWith({ settings });
  assert.equal(await client.boot(), '10.77.0.10');
  assert.deepEqual(notes.sightings, []);
});

test('a stranger is told of where only known machines are served, and gets nothing', async () => {
  const { client, notes } = await podWith({ settings: podSettings({}, 'reservations') });
  assert.equal(await client.boot(), undefined);
  assert.deepEqual(
    notes.sightings.map(({ key, address }) => [key, address]),
    [[`mac:${MAC}`, undefined]],
  );
});

test('what gives an address back is not heard as asking', async () => {
  const { client, notes } = await podWith();
  const address = await client.boot();
  const before = notes.sightings.length;
  await client.ask({ type: MessageType.RELEASE, ciaddr: address ?? '', serverId: '10.77.0.1' }, '10.77.0.1');
  await client.ask({ type: MessageType.DECLINE, requested: address ?? '', serverId: '10.77.0.1' });
  assert.equal(notes.sightings.length, before);
});

test('BOOTP is heard too', async () => {
  const { client, notes } = await podWith();
  await client.ask({});
  assert.deepEqual(
    notes.sightings.map(({ stage }) => stage),
    ['bootp'],
  );
});

test('Infiniband is told by its client identifier', async () => {
  const { client, notes } = await podWith();
  await client.ask({ type: MessageType.DISCOVER, htype: 32, hlen: 0, clientId: Uint8Array.of(255, 1, 2, 3, 4) });
  assert.deepEqual(
    notes.sightings.map(({ key, mac, clientId }) => [key, mac, clientId]),
    [['cid:ff01020304', undefined, 'ff01020304']],
  );
});

test('the MAC address at the switch port of a node is told with its node', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ switchPort: PORT }]);
  const { client, notes } = await podWith({ nodes, relay: '10.78.0.1' });
  await client.ask({ type: MessageType.DISCOVER, options: [[82, RELAY_OPTION]] });
  assert.deepEqual(notes.uses, [{ node: 'dgx01', mac: MAC, evidence: 'switch-port' }]);
  assert.deepEqual(notes.sightings, []);
});

test('a BMC that shares the port of its machine is not taken for it', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ switchPort: PORT, address: ip('10.78.0.50') }]);
  const { client, notes } = await podWith({ nodes, relay: '10.78.0.1' });
  const address = await client.boot({
    options: [
      [60, bytesOf('iDRAC')],
      [82, RELAY_OPTION],
    ],
  });
  assert.equal(address, '10.78.0.100', 'an address of its own');
  assert.deepEqual(notes.uses, []);
  assert.deepEqual(
    notes.sightings.map(({ vendorClass, switchPort }) => [vendorClass, switchPort]),
    [
      ['iDRAC', PORT],
      ['iDRAC', PORT],
    ],
  );
});

test('an interface of a node that nobody enrolled is told as a stranger, with the UUID of its node', async () => {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ mac: '52:54:00:77:00:99' as MacAddress }], { uuid: UUID });
  const { client, notes } = await podWith({ nodes });
  await client.ask({ type: MessageType.DISCOVER, options: [[97, MACHINE_ID]] });
  assert.deepEqual(
    notes.sightings.map(({ key, uuid }) => [key, uuid]),
    [[`mac:${MAC}`, UUID]],
  );
  assert.deepEqual(notes.uses, []);
});

test('real firmware behind a real relay is told with its architecture, its UUID and its relay', {
  skip: unmet({ shared: ['lab/captures/relay-server-side.pcap'] }),
}, async () => {
  const { pod, notes } = await podWith();
  const relayed = readPcap(`${SHARED}lab/captures/relay-server-side.pcap`)
    .filter(({ destination }) => destination.port === 67)
    .map(({ payload }) => payload)
    .filter((payload) => decodeDhcp(payload).op === 1 && decodeDhcp(payload).giaddr === ip('10.78.0.1'));
  assert.notEqual(relayed.length, 0, 'the capture has packets of a relay');
  const host = pod.network.host('relay', [{ name: 'eno1', link: 'lab', address: '10.77.0.2' }]);
  const socket = await host.openDatagram({ address: '0.0.0.0', port: 67 });
  for (const payload of relayed) socket.send(payload, { address: '10.77.0.1', port: 67 });
  await settle();
  const first = notes.sightings.find(({ stage }) => stage !== 'os');
  assert.equal(first?.architecture, 0, 'the capture is of a BIOS machine');
  assert.match(first?.uuid ?? '', /^77000000-0000-4000-8000-/);
  assert.equal(first?.relay, ip('10.78.0.1'));
  assert.notEqual(first?.switchPort, undefined);
});
