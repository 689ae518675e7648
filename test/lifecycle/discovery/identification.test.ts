import assert from 'node:assert/strict';
import { test } from 'node:test';
import { macKey } from '../../../src/domain/lease.ts';
import type { Node } from '../../../src/domain/node.ts';
import { settle } from '../../harness/clock.ts';
import { DiscoveryFixture, ip, macOf } from './discovery-fixture.ts';

const HOUR = 3_600_000;
const DELL_UUID = '4c4c4544-0033-3410-8036-c4c04f32334a';
const UUID = '77000000-0000-4000-8000-000000000001';

function said(...serialNumbers: string[]) {
  return { serialNumbers, manufacturer: 'Dell Inc.', product: 'PowerEdge XE9680' };
}

function macsOf(node: Node | undefined): (string | undefined)[] {
  return (node?.interfaces ?? []).map(({ mac }) => mac);
}

test('nobody is asked while no node waits for its machine', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = fixture.saw(1);
  assert.equal(fixture.discovery.identification.isWanted(key), false);
  await fixture.enrol('dgx01', { interfaces: [{ name: 'eno1', mac: macOf(7) }], serialNumber: 'D34623J' });
  assert.equal(fixture.discovery.identification.isWanted(key), false, 'its MAC address tells that one');
});

test('a machine that has never come is asked when it does', async () => {
  const fixture = await DiscoveryFixture.started();
  const { identification } = fixture.discovery;
  assert.equal(identification.wouldBeWanted(macKey(macOf(1))), false);
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  assert.equal(identification.wouldBeWanted(macKey(macOf(1))), true);
  assert.equal(identification.isWanted(macKey(macOf(1))), false);
  assert.equal(identification.isWanted(fixture.saw(1)), true);
  await identification.identify(macKey(macOf(1)), said('X99'));
  assert.equal(identification.wouldBeWanted(macKey(macOf(1))), false);
});

test('a machine that says the serial number of a node is that node, and its MAC address is written', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'd34623j', interfaces: [{ name: 'boot', address: '10.77.0.50' }] });
  const key = fixture.saw(1);
  assert.equal(fixture.discovery.identification.isWanted(key), true);
  const port = await fixture.discovery.identification.identify(key, said('  D34623J '));
  assert.equal(port?.node.name, 'dgx01');
  assert.equal(port?.interface.mac, macOf(1));
  assert.equal(port?.interface.address, ip('10.77.0.50'), 'its interface keeps what the operator said');
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [macOf(1)]);
  assert.deepEqual(fixture.keys(), []);
  assert.match(fixture.eventsOf('node.mac-learned')[0]?.text ?? '', /by its serial number D34623J/);
});

test('the serial number of chassis or board counts too', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: '1577720001' });
  const key = fixture.saw(1);
  const port = await fixture.discovery.identification.identify(key, said('To Be Filled By O.E.M.', '1577720001'));
  assert.equal(port?.node.name, 'dgx01');
});

test('a machine that nobody waits for is noted with what it said, and not asked again for a day', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  const key = fixture.saw(1);
  assert.equal(await fixture.discovery.identification.identify(key, said('X99')), undefined);
  const machine = fixture.discovery.get(key);
  assert.deepEqual(
    [machine.serialNumber, machine.manufacturer, machine.product],
    ['X99', 'Dell Inc.', 'PowerEdge XE9680'],
  );
  assert.equal(fixture.discovery.identification.isWanted(key), false);
  await fixture.wait(24 * HOUR);
  fixture.saw(1);
  assert.equal(fixture.discovery.identification.isWanted(key), true);
});

test('a machine that was asked before its node was enrolled becomes it with its next packet', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('other', { serialNumber: 'D34623J' });
  const key = fixture.saw(1);
  await fixture.discovery.identification.identify(key, said('X99'));
  await fixture.enrol('dgx01', { serialNumber: 'X99' });
  fixture.saw(1);
  await settle();
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [macOf(1)]);
});

test('a Dell needs no question: its service tag is in its UUID', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  fixture.saw(1, { uuid: DELL_UUID });
  await settle();
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [macOf(1)]);
});

test('a boot program that never answers is left alone after a quarter of an hour', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  const key = fixture.saw(1);
  await fixture.wait(10 * 60_000);
  fixture.saw(1);
  assert.equal(fixture.discovery.identification.isWanted(key), true);
  await fixture.wait(6 * 60_000);
  fixture.saw(1);
  assert.equal(fixture.discovery.identification.isWanted(key), false);
  fixture.discovery.forget(key);
  fixture.saw(1);
  assert.equal(fixture.discovery.identification.isWanted(key), true, 'unless the operator has it forgotten');
});

test('placeholders identify nobody, and are refused where a node is enrolled', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  await assert.rejects(fixture.enrol('dgx02', { serialNumber: 'Default string' }), /can’t be stored/);
  const key = fixture.saw(1);
  assert.equal(await fixture.discovery.identification.identify(key, said('Default string', '0123456789')), undefined);
  assert.equal(fixture.discovery.get(key).serialNumber, undefined);
});

test('of two machines that say the same serial number, the first is the node and the other stays outside', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  await fixture.enrol('dgx02', { serialNumber: 'X99' });
  const keys = [fixture.saw(1), fixture.saw(2)];
  const ports = await Promise.all(keys.map((key) => fixture.discovery.identification.identify(key, said('D34623J'))));
  assert.deepEqual(
    ports.map((port) => port?.node.name),
    ['dgx01', undefined],
  );
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [macOf(1)]);
  assert.deepEqual(fixture.keys(), [keys[1]]);
});

test('a machine whose serial number is one node’s and whose UUID another’s is neither', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  await fixture.enrol('dgx02', { uuid: UUID });
  const key = fixture.saw(1);
  assert.equal(
    await fixture.discovery.identification.identify(key, { ...said('D34623J'), uuid: UUID.toUpperCase() }),
    undefined,
  );
  assert.match(fixture.eventsOf('machine.torn')[0]?.text ?? '', /dgx01, dgx02/);
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [undefined]);
});

test('who asks in another’s name finds nobody: the key is its lease’s', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  assert.equal(await fixture.discovery.identification.identify('mac:d0:94:66:00:00:09', said('D34623J')), undefined);
});

test('a node that waits by UUID learns its MAC address from option 97', async () => {
  const fixture = await DiscoveryFixture.started();
  const node = await fixture.enrol('dgx01', { uuid: UUID });
  const [waiting] = node.interfaces;
  assert.ok(waiting);
  for (let packet = 0; packet < 4; packet += 1) {
    fixture.discovery.sightings.used({ node, interface: waiting }, macOf(1), 'uuid');
  }
  await settle();
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [macOf(1)]);
  assert.equal(fixture.registry.byName('dgx01')?.version, 2, 'written once');
});

test('nothing is learned where the configuration says never', async () => {
  const fixture = await DiscoveryFixture.started({ discovery: { identify: 'never' } });
  const node = await fixture.enrol('dgx01', { uuid: UUID, serialNumber: 'D34623J' });
  const key = fixture.saw(1, { uuid: DELL_UUID });
  assert.equal(fixture.discovery.identification.isWanted(key), false);
  assert.equal(await fixture.discovery.identification.identify(key, said('D34623J')), undefined);
  const [waiting] = node.interfaces;
  assert.ok(waiting);
  fixture.discovery.sightings.used({ node, interface: waiting }, macOf(1), 'uuid');
  await settle();
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [undefined]);
});

test('a switch port is who is plugged in there: nothing is written, and a repair is told', async () => {
  const fixture = await DiscoveryFixture.started();
  const node = await fixture.enrol('dgx01', { interfaces: [{ name: 'eno1', switchPort: { circuitId: '45' } }] });
  const [eno1] = node.interfaces;
  assert.ok(eno1);
  const used = (number: number) =>
    fixture.discovery.sightings.used({ node, interface: eno1 }, macOf(number), 'switch-port');
  for (const number of [1, 1, 2, 2]) used(number);
  await settle();
  assert.equal(fixture.registry.byName('dgx01')?.version, 1);
  assert.deepEqual(
    fixture.eventsOf('node.at-port').map(({ text }) => text),
    [
      'd0:94:66:00:00:01 is at the switch port of dgx01’s interface eno1: it is dgx01',
      'd0:94:66:00:00:02 is at the switch port of dgx01’s interface eno1: it is dgx01; before, it was d0:94:66:00:00:01',
    ],
  );
});

test('a disk that refuses the MAC address is told, and tried again a minute later', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { serialNumber: 'D34623J' });
  const key = fixture.saw(1);
  const { commit } = fixture;
  fixture.commit = () => Promise.reject(new Error('disk full'));
  assert.equal(await fixture.discovery.identification.identify(key, said('D34623J')), undefined);
  assert.match(fixture.eventsOf('node.mac-not-learned')[0]?.text ?? '', /disk full/);
  fixture.commit = commit;
  fixture.saw(1);
  await settle();
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [undefined], 'not with each packet');
  await fixture.wait(61_000);
  fixture.saw(1);
  await settle();
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [macOf(1)]);
});

test('a list of serial numbers and nothing else is enough: each node has the interface that boots', async () => {
  const fixture = await DiscoveryFixture.started();
  const [node] = await fixture.registry.enrolMany([{ name: 'dgx01', serialNumber: 'D34623J', interfaces: [] }]);
  assert.deepEqual(node?.interfaces, [{ name: 'boot', role: 'boot' }]);
  await assert.rejects(fixture.registry.enrol({ name: 'dgx02', interfaces: [] }), /can’t be stored/);
  fixture.saw(1, { uuid: DELL_UUID });
  await settle();
  assert.deepEqual(macsOf(fixture.registry.byName('dgx01')), [macOf(1)]);
});
