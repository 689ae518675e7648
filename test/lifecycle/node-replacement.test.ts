import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Conflict, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import type { BootEvent } from '../../src/domain/events.ts';
import type { Accompaniment } from '../../src/domain/former-hardware.ts';
import type { Node } from '../../src/domain/node.ts';
import type { StoreChange } from '../../src/domain/ports.ts';
import { grantsEndWithHardware } from '../../src/lifecycle/node-hardware.ts';
import { createNodeRegistry } from '../../src/lifecycle/node-registry.ts';
import { type NodeRegistry, VersionMismatch } from '../../src/lifecycle/registry-port.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { FakeClock } from '../harness/clock.ts';

const UUID = '4c4c4544-0032-4d10-8052-b4c04f564433';
const OTHER_UUID = '4c4c4544-0032-4d10-8052-b4c04f564434';
const NEW = '52:54:00:77:00:11';

let store: MemoryStore;
let events: BootEvent[];
let dropped: string[];
let committed: number;
let refuse: Error | undefined;
let registry: NodeRegistry;
let node: Node;

/** What stands for the boot grants: a mark in the store, so that it is seen in which commit it went. */
const mark: StoreChange = { put: 'setting', name: 'grants', value: 'dropped' };
const dropGrants = (_: string, why: string): Accompaniment => {
  dropped.push(why);
  return {
    changes: [mark],
    committed: () => {
      committed += 1;
    },
  };
};

beforeEach(async () => {
  store = new MemoryStore();
  events = [];
  dropped = [];
  committed = 0;
  refuse = undefined;
  registry = createNodeRegistry({
    nodes: [],
    commit: async (batch) => {
      if (refuse !== undefined) throw refuse;
      await store.commit(batch);
    },
    clock: new FakeClock(),
    events: { wantsDebug: false, emit: (event) => void events.push(event) },
    companions: [grantsEndWithHardware(dropGrants)],
  });
  node = await registry.enrol({
    name: 'dgx01',
    uuid: UUID,
    serialNumber: 'S1',
    rack: 'r1',
    position: 'U1',
    roles: ['gpu'],
    labels: { row: 'a' },
    interfaces: [
      { name: 'eno1', mac: '52:54:00:77:00:01', address: '10.77.0.1', switchPort: { circuitId: '01' } },
      { name: 'eno2', mac: '52:54:00:77:00:02', address: '10.77.0.2' },
      { name: 'bmc', role: 'bmc', mac: '52:54:00:77:00:03', address: '10.77.0.3' },
    ],
  });
});

const macs = (of: Node) => of.interfaces.map(({ mac }) => mac);
const kept = ({ id, name, rack, position, roles, labels, createdAt, interfaces }: Node) => ({
  id,
  name,
  rack,
  position,
  roles,
  labels,
  createdAt,
  ports: interfaces.map(({ name: port, role, address, switchPort }) => ({ port, role, address, switchPort })),
});

describe('replacing', () => {
  it('an interface: its MAC address is another one, and nothing else', async () => {
    const { node: after, changes } = await registry.replace(node.id, {
      part: 'interface',
      interfaces: [{ name: 'eno1', mac: '5254.0077.0011' }],
    });
    assert.deepEqual(kept(after), kept(node));
    assert.deepEqual(macs(after), [NEW, '52:54:00:77:00:02', '52:54:00:77:00:03']);
    assert.deepEqual([after.uuid, after.serialNumber, after.version], [UUID, 'S1', 2]);
    assert.deepEqual(changes, [`eno1.mac 52:54:00:77:00:01 → ${NEW}`]);
    assert.equal(registry.byMac('52:54:00:77:00:01' as never), undefined);
  });

  it('a board: its UUID goes with it, the serial number stays', async () => {
    const interfaces = [{ name: 'eno1', mac: NEW }];
    const { node: after } = await registry.replace(node.id, { part: 'board', interfaces, uuid: OTHER_UUID });
    assert.deepEqual([after.uuid, after.serialNumber], [OTHER_UUID, 'S1']);
    assert.deepEqual(kept(after), kept(node));
    const { node: unknown } = await registry.replace(node.id, { part: 'board' });
    assert.equal(unknown.uuid, undefined);
  });

  it('the whole machine: nothing of the old one’s identity stays, everything else does', async () => {
    const { node: after } = await registry.replace(node.id, {
      part: 'machine',
      serialNumber: 'S2',
      interfaces: [
        { name: 'eno1', mac: NEW },
        { name: 'eno2', mac: '52:54:00:77:00:12' },
        { name: 'bmc', mac: '52:54:00:77:00:13' },
      ],
    });
    assert.deepEqual(kept(after), kept(node));
    assert.deepEqual([after.uuid, after.serialNumber], [undefined, 'S2']);
    for (const old of macs(node)) assert.equal(registry.byMac(old as never), undefined);
  });

  it('is refused where an interface of the new machine could not be told from others', async () => {
    await assert.rejects(
      registry.replace(node.id, { part: 'machine', interfaces: [{ name: 'eno1', mac: NEW }] }),
      (error) => {
        assert.ok(error instanceof InvalidInput);
        // eno1 has its new MAC address, eno2 and bmc have nothing.
        assert.deepEqual(
          error.problems.map(({ path }) => path),
          ['interfaces[1]', 'interfaces[2]'],
        );
        return true;
      },
    );
    assert.deepEqual(registry.byId(node.id), node);
    assert.deepEqual(dropped, []);
  });

  it('drops every boot grant in the commit that changes the node, and tells why', async () => {
    await registry.replace(node.id, { part: 'interface', interfaces: [{ name: 'eno1', mac: NEW }], reason: 'RMA 7' });
    const batch = store.batches.at(-1);
    assert.deepEqual(
      batch?.map((change) => ('put' in change ? change.put : change.remove)),
      ['node', 'setting'],
    );
    assert.deepEqual(dropped, [`interface replaced (RMA 7): eno1.mac 52:54:00:77:00:01 → ${NEW}`]);
    assert.equal(committed, 1);
    assert.deepEqual(
      events.filter(({ type }) => type === 'node.replaced').map(({ text }) => text),
      dropped,
    );
  });

  it('drops them also where the record stays as it was: the board came back with the same addresses', async () => {
    const { action } = await registry.replace(node.id, { part: 'board', uuid: UUID });
    assert.equal(action, 'unchanged');
    assert.deepEqual(dropped, ['board replaced']);
    assert.deepEqual(store.batches.at(-1), [mark]);
    assert.equal(registry.byId(node.id)?.version, 1);
  });

  it('leaves node and grants as they were where the disk refuses', async () => {
    refuse = new Error('disk full');
    await assert.rejects(
      registry.replace(node.id, { part: 'interface', interfaces: [{ name: 'eno1', mac: NEW }] }),
      refuse,
    );
    assert.deepEqual(registry.byId(node.id), node);
    assert.equal(committed, 0);
    assert.equal(events.filter(({ type }) => type === 'node.replaced').length, 0);
  });

  it('tells both owners of a MAC address that another node has', async () => {
    await registry.enrol({ name: 'dgx02', interfaces: [{ name: 'eno1', mac: NEW }] });
    await assert.rejects(
      registry.replace(node.id, { part: 'interface', interfaces: [{ name: 'eno1', mac: NEW }] }),
      (error) => {
        assert.ok(error instanceof Conflict);
        assert.match(error.problems[0]?.message ?? '', /wanted for dgx01 \(interface eno1\) and belongs to dgx02/);
        return true;
      },
    );
  });

  it('says everything that is wrong with what it was told', async () => {
    const rejected = async (replacement: Parameters<NodeRegistry['replace']>[1]) => {
      const error: unknown = await registry.replace(node.id, replacement).catch((each: unknown) => each);
      assert.ok(error instanceof InvalidInput);
      return error.problems.map(({ path, mend }) => (mend === undefined ? `${path} has no mend` : path));
    };
    assert.deepEqual(await rejected({ part: 'interface' }), ['interfaces']);
    assert.deepEqual(await rejected({ part: 'interface', interfaces: [{ name: 'eno9', mac: NEW }] }), [
      'interfaces[0].name',
    ]);
    assert.deepEqual(
      await rejected({ part: 'interface', interfaces: [{ name: 'eno2', mac: NEW }], serialNumber: 'S2' }),
      ['serialNumber'],
    );
    const twice = [
      { name: 'eno2', mac: NEW },
      { name: 'eno2', mac: NEW },
    ];
    assert.deepEqual(await rejected({ part: 'interface', interfaces: twice }), ['interfaces[1].name']);
    assert.deepEqual(await rejected({ part: 'board', interfaces: [{ name: 'eno2', mac: 'x' }], uuid: UUID }), [
      'interfaces[1].mac',
    ]);
    await assert.rejects(registry.replace('nobody', { part: 'machine' }), NotFound);
    await assert.rejects(registry.replace(node.id, { part: 'board' }, 7), VersionMismatch);
  });
});

describe('what else ends boot grants', () => {
  it('another MAC address, UUID or serial number by any change, and the removal', async () => {
    const [first, ...rest] = node.interfaces.map(({ name, role, mac }) => ({ name, role, ...(mac && { mac }) }));
    assert.ok(first !== undefined);
    await registry.change(node.id, { interfaces: [{ ...first, mac: NEW }, ...rest] });
    await registry.change(node.id, { uuid: OTHER_UUID });
    await registry.change(node.id, { serialNumber: 'S2' });
    assert.equal(dropped.length, 3);
    await registry.remove(node.id);
    assert.deepEqual(dropped.at(-1), 'dgx01 was removed');
    assert.deepEqual(store.batches.at(-1), [{ remove: 'node', id: node.id }, mark]);
  });

  it('nothing that is no hardware, and nothing that becomes known', async () => {
    const known = await registry.enrol({ name: 'dgx02', uuid: OTHER_UUID, interfaces: [{ name: 'eno1' }] });
    await registry.change(known.id, { interfaces: [{ name: 'eno1', mac: NEW }], serialNumber: 'S9' });
    await registry.change(node.id, { rack: 'r2', name: 'gpu01', labels: { row: 'b' } });
    assert.deepEqual(dropped, []);
  });
});
