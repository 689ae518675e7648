import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageType } from '../../../src/codecs/dhcp/message.ts';
import { formatIpv4 } from '../../../src/domain/ipv4.ts';
import {
  bytesOf,
  Client,
  FakeNodes,
  ip,
  type MessageSketch,
  Pod,
  podSettings,
  SERVER,
  subnetOf,
  typeOf,
} from './pod.ts';

const RELAY = '10.78.0.1';
const RESERVED = '10.78.0.50';
const OLD = '52:54:00:77:00:01';
const NEW = '52:54:00:77:00:02';
const AT_PORT: readonly (readonly [number, Uint8Array])[] = [
  [82, Uint8Array.from([1, 4, ...bytesOf('Eth7'), 2, 3, ...bytesOf('sw1')])],
];
const PXE: readonly (readonly [number, Uint8Array])[] = [...AT_PORT, [60, bytesOf('PXEClient:Arch:00007')]];

/** dgx01 is whoever is plugged into Eth7 of sw1. */
async function site() {
  const nodes = new FakeNodes();
  nodes.enrol('dgx01', [{ switchPort: { circuitId: '45746837', remoteId: '737731' }, address: ip(RESERVED) }]);
  const settings = podSettings({
    subnets: [subnetOf(), subnetOf({ cidr: '10.78.0.0/24', pools: [['10.78.0.100', '10.78.0.199']], relays: [RELAY] })],
  });
  const pod = await Pod.up({ settings, nodes });
  return { pod, nodes, relay: await Client.plugIn(pod, { relay: RELAY }) };
}

function boot(relay: Client, mac: string, options: MessageSketch['options'] = PXE): Promise<string | undefined> {
  return relay.boot({ mac, options: options ?? [] });
}

test('whoever boots at the port is the node, and has its address', async () => {
  const { relay, pod } = await site();
  assert.equal(await boot(relay, OLD), RESERVED);
  assert.equal(pod.disk.get(ip(RESERVED))?.nodeId, 'id-dgx01');
});

test('after a repair the new machine at the port has the address at once, and the old one, elsewhere, has it no more', async () => {
  const { relay, pod } = await site();
  await boot(relay, OLD);
  assert.equal(await boot(relay, NEW), RESERVED);
  assert.equal(pod.disk.get(ip(RESERVED))?.mac, NEW);
  const before = pod.network.sent.length;
  await relay.ask({ type: MessageType.REQUEST, mac: OLD, ciaddr: RESERVED, giaddr: '0.0.0.0' }, SERVER);
  assert.equal(typeOf(relay.lastAnswer(before)), MessageType.NAK, 'it may not renew it');
  assert.equal(await boot(relay, OLD, [[60, bytesOf('PXEClient:Arch:00007')]]), '10.78.0.100', 'one from the pool');
});

test('the new machine keeps the address through its system, which says nothing of firmware', async () => {
  const { relay } = await site();
  await boot(relay, OLD);
  await boot(relay, NEW);
  assert.equal(await boot(relay, NEW, AT_PORT), RESERVED);
});

test('a system that shares the port does not take its host’s address', async () => {
  const { relay, pod } = await site();
  await boot(relay, OLD);
  assert.equal(await boot(relay, NEW, AT_PORT), '10.78.0.100');
  assert.equal(pod.disk.get(ip(RESERVED))?.mac, OLD);
});

test('the address is not taken from a machine that is enrolled itself', async () => {
  const { relay, nodes } = await site();
  await boot(relay, OLD);
  nodes.enrol('dgx02', [{ mac: OLD as never }]);
  assert.equal(await boot(relay, NEW), '10.78.0.100');
});

test('of two machines that boot at one port at once, each has an address of its own', async () => {
  const { relay, pod } = await site();
  let goOn = (): void => {};
  const disk = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  pod.commit = async (batch) => {
    await disk;
    pod.write(batch);
  };
  const offers = await Promise.all(
    [OLD, NEW].map((mac) => relay.ask({ type: MessageType.DISCOVER, mac, options: PXE })),
  );
  const addresses = offers.map((offer) => formatIpv4(offer?.yiaddr ?? 0));
  assert.deepEqual(addresses, [RESERVED, '10.78.0.100']);
  goOn();
});
