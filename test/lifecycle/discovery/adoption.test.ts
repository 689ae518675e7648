import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conflict, InvalidInput, NotFound } from '../../../src/domain/errors.ts';
import type { InterfaceKey } from '../../../src/domain/lease.ts';
import { DiscoveryFixture, macOf, portOf } from './discovery-fixture.ts';

const UUID = '77000000-0000-4000-8000-000000000001';

test('a machine that is adopted is a node with all that is known of it, and leaves the list', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = await fixture.came(1, { uuid: UUID, ...portOf('Eth1') });
  const node = await fixture.discovery.adopt(key, {
    name: 'dgx01',
    rack: 'r1',
    position: 'U12',
    roles: ['gpu'],
    labels: { owner: 'lab' },
    address: '10.77.0.50',
  });
  assert.deepEqual(
    node.interfaces.map(({ name, role, mac, switchPort }) => [name, role, mac, switchPort]),
    [['boot', 'boot', macOf(1), undefined]],
  );
  assert.deepEqual([node.uuid, node.rack, node.position, node.roles], [UUID, 'r1', 'U12', ['gpu']]);
  assert.equal(node.boot.profile, 'local');
  assert.deepEqual(fixture.keys(), []);
  const [event] = fixture.eventsOf('machine.adopted');
  assert.equal(event?.subject.nodeId, node.id);
  assert.equal(event?.subject.key, key, 'what it did before is found by its key');
  await fixture.wait(61_000);
  assert.deepEqual(await fixture.stored(), []);
});

test('nothing becomes of a machine whose name is taken: it stays in the list', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { interfaces: [{ name: 'eno1', mac: macOf(9) }] });
  const key = fixture.saw(1);
  await assert.rejects(fixture.discovery.adopt(key, { name: 'dgx01' }), Conflict);
  await assert.rejects(fixture.discovery.adopt(key, { name: 'no name' }), InvalidInput);
  assert.deepEqual(fixture.keys(), [key]);
});

test('who is not there, or is a node already, can’t be adopted', async () => {
  const fixture = await DiscoveryFixture.started();
  await assert.rejects(fixture.discovery.adopt('mac:d0:94:66:00:00:01', { name: 'dgx01' }), NotFound);
  const key = fixture.saw(1);
  await fixture.discovery.adopt(key, { name: 'dgx01' });
  await assert.rejects(fixture.discovery.adopt(key, { name: 'dgx02' }), /dgx01’s interface boot already/);
});

test('of two that adopt the same machine at once, one does', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = fixture.saw(1);
  const results = await Promise.allSettled([
    fixture.discovery.adopt(key, { name: 'dgx01' }),
    fixture.discovery.adopt(key, { name: 'dgx02' }),
  ]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(fixture.registry.size, 1);
});

test('a second interface of a node is no node of its own, and is added to it', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', { uuid: UUID, interfaces: [{ name: 'eno1', mac: macOf(1) }] });
  const key = fixture.saw(2, { uuid: UUID });
  await assert.rejects(fixture.discovery.adopt(key, { name: 'dgx02' }), (error: Conflict) => {
    assert.match(error.message, /another interface of the same machine/);
    assert.match(error.mend ?? '', /--node dgx01 --interface NAME/);
    return true;
  });
  const node = await fixture.discovery.attach(key, { node: 'dgx01', interfaceName: 'eno2' });
  assert.deepEqual(
    node.interfaces.map(({ name, role, mac }) => [name, role, mac]),
    [
      ['eno1', 'boot', macOf(1)],
      ['eno2', 'other', macOf(2)],
    ],
  );
  assert.deepEqual(fixture.keys(), []);
});

test('a BMC is added to its node, into the interface that waits for it', async () => {
  const fixture = await DiscoveryFixture.started();
  await fixture.enrol('dgx01', {
    interfaces: [
      { name: 'eno1', mac: macOf(1) },
      { name: 'bmc', role: 'bmc', address: '10.77.9.1', ...portOf('Eth40', 'sw1') },
    ],
  });
  const key = fixture.saw(2, { stage: 'os', vendorClass: 'iDRAC' });
  await fixture.wait(2_000);
  const node = await fixture.discovery.attach(key, { node: 'dgx01', interfaceName: 'bmc' });
  assert.deepEqual(
    node.interfaces.map(({ name, role, mac }) => [name, role, mac]),
    [
      ['eno1', 'boot', macOf(1)],
      ['bmc', 'bmc', macOf(2)],
    ],
  );
  const other = fixture.saw(3);
  await assert.rejects(
    fixture.discovery.attach(other, { node: 'dgx01', interfaceName: 'bmc' }),
    /has d0:94:66:00:00:02 already/,
  );
  await assert.rejects(fixture.discovery.attach(other, { node: 'dgx99', interfaceName: 'bmc' }), NotFound);
});

test('Infiniband is adopted by its client identifier', async () => {
  const fixture = await DiscoveryFixture.started();
  const key = 'cid:ff01020304' as InterfaceKey;
  fixture.discovery.sightings.saw({ key, clientId: 'ff01020304', stage: 'ipxe', interfaceName: 'ib0' });
  const node = await fixture.discovery.adopt(key, { name: 'dgx01' });
  assert.equal(node.interfaces[0]?.clientId, 'ff01020304');
  assert.deepEqual(fixture.keys(), []);
});

test('a switch port is taken for the node only where it is told to, and nobody else asks there', async () => {
  const fixture = await DiscoveryFixture.started();
  const alone = fixture.saw(1, portOf('Eth1', 'sw1'));
  const shared = fixture.saw(2, portOf('uplink', 'sw1'));
  fixture.saw(3, portOf('uplink', 'sw1'));
  const nowhere = fixture.saw(4);
  const node = await fixture.discovery.adopt(alone, { name: 'dgx01', bySwitchPort: true });
  assert.deepEqual(node.interfaces[0]?.switchPort, portOf('Eth1', 'sw1').switchPort);
  await assert.rejects(fixture.discovery.adopt(shared, { name: 'dgx02', bySwitchPort: true }), /same switch port/);
  await assert.rejects(fixture.discovery.adopt(nowhere, { name: 'dgx02', bySwitchPort: true }), /which switch port/);
});
