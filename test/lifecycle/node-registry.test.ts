import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Conflict, HostRefused, InvalidInput, NotFound } from '../../src/domain/errors.ts';
import type { BootEvent } from '../../src/domain/events.ts';
import type { MacAddress } from '../../src/domain/mac.ts';
import type { StoreChange } from '../../src/domain/ports.ts';
import { whyShared } from '../../src/domain/shared-uuids.ts';
import { createNodeRegistry } from '../../src/lifecycle/node-registry.ts';
import { type NodeRegistry, VersionMismatch } from '../../src/lifecycle/registry-port.ts';
import { BrokenStore, MemoryStore } from '../../src/store/memory-store.ts';
import { FakeClock, settle } from '../harness/clock.ts';

const UUID = '4c4c4544-0032-4d10-8052-b4c04f564433';
const mac = (number: number) => `52:54:00:77:${hex(number >>> 8)}:${hex(number & 255)}` as MacAddress;
const hex = (value: number) => value.toString(16).padStart(2, '0');
const input = (name: string, number: number) => ({
  name,
  interfaces: [{ name: 'eno1', mac: mac(number), address: `10.77.${number >>> 8}.${number & 255}` }],
});

let clock: FakeClock;
let store: MemoryStore;
let events: BootEvent[];
let registry: NodeRegistry;

function create(
  commit: (batch: readonly StoreChange[]) => Promise<void> = (batch) => store.commit(batch),
): NodeRegistry {
  return createNodeRegistry({
    nodes: [],
    commit,
    clock,
    events: { wantsDebug: false, emit: (event) => void events.push(event) },
  });
}

beforeEach(() => {
  clock = new FakeClock();
  store = new MemoryStore();
  events = [];
  registry = create();
});

async function problemsOf(promise: Promise<unknown>, kind: typeof InvalidInput | typeof Conflict): Promise<string[]> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof kind, String(error));
  for (const problem of error.problems) assert.notEqual(problem.mend, undefined, problem.message);
  return error.problems.map((problem) => `${problem.path}: ${problem.message}`);
}

describe('a directory of nodes', () => {
  it('finds a node by everything that a packet may tell', async () => {
    const node = await registry.enrol({
      name: 'dgx01',
      interfaces: [
        { name: 'eno1', mac: mac(1), address: '10.77.0.1' },
        { name: 'eno2' },
        { name: 'ib0', role: 'infiniband', clientId: 'ff0001' },
        { name: 'eno3', role: 'other', switchPort: { circuitId: '01' } },
        { name: 'eno4', role: 'other', switchPort: { circuitId: '02', remoteId: '0a' } },
        { name: 'eno5', role: 'other', switchPort: { remoteId: '0b' } },
      ],
      uuid: UUID.toUpperCase(),
    });
    assert.equal(registry.byId(node.id), node);
    assert.equal(registry.byName('DGX01'), node);
    assert.equal(registry.byMac(mac(1))?.interface.name, 'eno1');
    assert.equal(registry.byClientId('ff0001')?.interface.name, 'ib0');
    assert.equal(registry.byUuid(UUID)?.interface.name, 'eno2', 'the boot interface without a MAC address');
    assert.equal(registry.byAddress(0x0a4d0001)?.interface.name, 'eno1');
    const port = (circuitId?: string, remoteId?: string) =>
      registry.bySwitchPort({
        ...(circuitId === undefined ? {} : { circuitId }),
        ...(remoteId === undefined ? {} : { remoteId }),
      })?.interface.name;
    assert.equal(port('01'), 'eno3');
    assert.equal(port('01', '0c'), 'eno3', 'enrolled by circuit alone, asked with both');
    assert.equal(port('02', '0a'), 'eno4');
    assert.equal(port('02'), undefined, 'the circuit of another switch');
    assert.equal(port('09', '0b'), 'eno5');
    assert.equal(port('09', '09'), undefined);
  });

  it('by UUID gives the first boot interface where each has a MAC address, and none where nothing boots', async () => {
    await registry.enrol({
      name: 'a',
      uuid: UUID,
      interfaces: [
        { name: 'bmc', role: 'bmc', mac: mac(1) },
        { name: 'b', mac: mac(2) },
        { name: 'c', mac: mac(3) },
      ],
    });
    assert.equal(registry.byUuid(UUID)?.interface.name, 'b');
    await registry.change(registry.byName('a')?.id ?? '', { interfaces: [{ name: 'bmc', role: 'bmc', mac: mac(1) }] });
    assert.equal(registry.byUuid(UUID), undefined);
  });

  it('forgets what a change took away', async () => {
    const { id } = await registry.enrol({ ...input('a', 1), uuid: UUID, serialNumber: 'S1' });
    await registry.change(id, {
      name: 'b',
      uuid: null,
      serialNumber: null,
      interfaces: [{ name: 'eno1', mac: mac(2) }],
    });
    assert.equal(registry.byName('a'), undefined);
    assert.equal(registry.byMac(mac(1)), undefined);
    assert.equal(registry.byUuid(UUID), undefined);
    assert.equal(registry.byAddress(0x0a4d0001), undefined);
    await registry.enrol({ ...input('a', 1), uuid: UUID, serialNumber: 's1' });
    assert.deepEqual(registry.sortedNames(), ['a', 'b']);
  });
});

/** Also those of DHCP's list: a node that has nothing else would be enrolled and never known. */
const SHARED_UUIDS = [
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'ffffff00-ffff-ffff-ffff-ffffffffffff',
  '03000200-0400-0500-0006-000700080009',
  '00020003-0004-0005-0006-000700080009',
  '03020100-0504-0706-0809-0a0b0c0d0e0f',
  '00010203-0405-0607-0809-0a0b0c0d0e0f',
  '12345678-1234-5678-90ab-cddeefaabbcc',
  '78563412-3412-7856-90ab-cddeefaabbcc',
  '00112233-4455-6677-8899-aabbccddeeff',
  '33221100-5544-7766-8899-aabbccddeeff',
  '4C4C4544-0000-2010-8020-80C04F202020',
  'fefefefe-fefe-fefe-fefe-fefefefefefe',
  '11111111-1111-1111-1111-111111111111',
];

describe('a UUID that many boards share', () => {
  for (const uuid of SHARED_UUIDS) {
    it(`is no identity: ${uuid}`, async () => {
      assert.notEqual(whyShared(uuid.toLowerCase()), undefined, 'DHCP takes it for not sent');
      const problems = await problemsOf(
        registry.enrol({ name: 'a', uuid, interfaces: [{ name: 'eno1' }] }),
        InvalidInput,
      );
      assert.match(problems.join(), /^uuid: .* placeholder that many boards share/);
    });
  }
});

describe('a thing with two owners', () => {
  it('is refused, each of them told, whichever thing it is', async () => {
    await registry.enrol({ ...input('dgx01', 1), uuid: UUID, serialNumber: 'Serial1' });
    const both = {
      name: 'dgx01',
      uuid: UUID,
      serialNumber: 'SERIAL1',
      interfaces: [{ name: 'eno9', mac: mac(1), address: '10.77.0.1' }],
    };
    const problems = await problemsOf(registry.enrol(both), Conflict);
    assert.deepEqual(
      problems.map((problem) => problem.split(':')[0]),
      ['name', 'uuid', 'serialNumber', 'interfaces[0].mac', 'interfaces[0].address'],
    );
    assert.match(
      problems[3] ?? '',
      /52:54:00:77:00:01 is wanted for dgx01 \(interface eno9\) and belongs to dgx01 \(interface eno1\)/,
    );
    assert.match(problems[4] ?? '', /The address 10\.77\.0\.1 is wanted/);
  });

  it('in one batch is told as well, with the places of both', async () => {
    const problems = await problemsOf(registry.enrolMany([input('a', 1), input('b', 2), input('a', 2)]), Conflict);
    assert.deepEqual(
      problems.map((problem) => problem.split(':')[0]),
      ['[2].name', '[2].interfaces[0].mac', '[2].interfaces[0].address'],
    );
    assert.match(problems[1] ?? '', /wanted for a \(interface eno1\) and belongs to b \(interface eno1\)/);
    assert.equal(registry.size, 0);
  });

  it('that is a name tells both machines by what is not the same', async () => {
    await registry.enrol(input('a', 1));
    const b = await registry.enrol(input('b', 2));
    assert.deepEqual(
      await problemsOf(registry.change(b.id, { name: 'a' }), Conflict),
      [
        'name: The name a is wanted for the machine with eno1 52:54:00:77:00:02 and belongs to the machine with eno1 52:54:00:77:00:01',
      ].map((text) => `${text}.`),
    );
  });

  it('by two changes at the same time goes to the first', async () => {
    const results = await Promise.allSettled([registry.enrol(input('a', 1)), registry.enrol(input('b', 1))]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected'],
    );
  });

  it('may change hands in two steps, and a node may keep its own', async () => {
    const a = await registry.enrol(input('a', 1));
    const b = await registry.enrol(input('b', 2));
    await registry.change(a.id, { interfaces: [{ name: 'eno1', mac: mac(3) }] });
    await registry.change(b.id, {
      interfaces: [
        { name: 'eno1', mac: mac(1) },
        { name: 'eno2', mac: mac(2) },
      ],
    });
    assert.equal(registry.byMac(mac(1))?.node.name, 'b');
    await registry.change(b.id, { rack: 'r1' });
  });
});

describe('a change', () => {
  it('is in memory only once it is on disk', async () => {
    const gate = Promise.withResolvers<void>();
    registry = create(() => gate.promise);
    const enrolled = registry.enrol(input('a', 1));
    await settle();
    assert.equal(registry.byName('a'), undefined);
    gate.resolve();
    await enrolled;
    assert.equal(registry.byName('a')?.version, 1);
  });

  it('that the disk refuses leaves everything as it was, and the next one is tried', async () => {
    const broken = new BrokenStore(new HostRefused('The disk is full.', 'Free space.'));
    const { id } = await registry.enrol(input('a', 1));
    let failing = true;
    const again = createNodeRegistry({
      nodes: registry.all(),
      commit: (batch) => (failing ? broken.commit() : store.commit(batch)),
      clock,
      events: { wantsDebug: false, emit: () => undefined },
    });
    await assert.rejects(again.change(id, { name: 'b' }), HostRefused);
    await assert.rejects(again.remove(id), HostRefused);
    await assert.rejects(again.enrolMany([input('c', 3)]), HostRefused);
    assert.deepEqual(again.sortedNames(), ['a']);
    failing = false;
    assert.equal((await again.change(id, { name: 'b' })).version, 2);
  });

  it('for another version than the node’s is refused, also when it waited for its turn', async () => {
    const { id } = await registry.enrol(input('a', 1));
    const results = await Promise.allSettled([
      registry.change(id, { rack: 'r1' }, 1),
      registry.change(id, { rack: 'r2' }, 1),
      registry.remove(id, 1),
    ]);
    assert.deepEqual(
      results.map((result) => result.status),
      ['fulfilled', 'rejected', 'rejected'],
    );
    assert.ok(results[1]?.status === 'rejected' && results[1].reason instanceof VersionMismatch);
    assert.equal(registry.byId(id)?.rack, 'r1');
    await assert.rejects(registry.change('nobody', {}), NotFound);
  });

  it('that changes nothing writes nothing', async () => {
    const { id } = await registry.enrol({ ...input('a', 1), rack: 'r1', labels: { b: '1', a: '2' } });
    const batches = store.batches.length;
    assert.equal(
      (await registry.change(id, { name: 'A', rack: 'r1 ', labels: { a: '2' }, boot: { loader: 'auto' } })).version,
      1,
    );
    assert.equal(store.batches.length, batches);
    assert.equal(events.length, 1);
  });

  it('is told as an event that says what changed', async () => {
    const { id } = await registry.enrol(input('a', 1));
    clock.advance(5);
    await registry.change(id, { boot: { profile: 'rescue' }, rack: 'r1', labels: { x: 'y' } });
    await registry.remove(id);
    assert.deepEqual(
      events.map(({ type, text }) => `${type} ${text}`),
      [
        'node.enrolled enrolled with eno1 52:54:00:77:00:01 10.77.0.1',
        'node.changed changed: rack none → r1, labels.x none → y, boot.profile local → rescue',
        'node.removed removed',
      ],
    );
    assert.deepEqual(events[0]?.subject, { nodeId: id, nodeName: 'a', key: `mac:${mac(1)}`, address: 0x0a4d0001 });
  });

  it('beyond a thousand that wait is refused', async () => {
    registry = create(() => new Promise(() => undefined));
    const changes = Array.from({ length: 1_001 }, (_, index) => registry.enrol(input(`n${index}`, index)));
    await assert.rejects(changes[1_000] as Promise<unknown>, /1000 changes of nodes wait/);
  });
});

describe('many nodes at once', () => {
  it('are all stored in one transaction, 4,000 of them in well under two seconds', async () => {
    const startedMs = performance.now();
    const nodes = await registry.enrolMany(
      Array.from({ length: 4_000 }, (_, index) => input(`dgx${index}`, index + 1)),
    );
    const tookMs = performance.now() - startedMs;
    assert.equal(nodes.length, 4_000);
    assert.equal(store.batches.length, 1);
    assert.ok(tookMs < 2_000, `it took ${tookMs} ms`);
    assert.equal(registry.byMac(mac(3_999))?.node.name, 'dgx3998');
  });

  it('are refused with every problem of each where one is wrong', async () => {
    const wrong = { name: '-', interfaces: [{ name: 'eno1', mac: 'x' }] };
    const problems = await problemsOf(registry.enrolMany([input('a', 1), wrong, input('a', 2)]), InvalidInput);
    assert.deepEqual(
      problems.map((problem) => problem.split(':')[0]),
      ['[1].interfaces[0].mac', '[1].name', '[2].name'],
    );
    assert.equal(registry.size, 0);
    assert.equal(store.batches.length, 0);
  });

  it('with more problems than anyone reads tell the first thousand and how many there are', async () => {
    const wrong = Array.from({ length: 2_000 }, () => ({ name: '-', interfaces: [] }));
    await assert.rejects(registry.enrolMany(wrong), (error) => {
      assert.ok(error instanceof InvalidInput);
      assert.equal(error.problems.length, 1_000);
      assert.match(error.message, /the first 1000 of 5999 problems/);
      return true;
    });
  });
});
