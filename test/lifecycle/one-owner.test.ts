import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Conflict, InvalidInput } from '../../src/domain/errors.ts';
import { formatIpv4 } from '../../src/domain/ipv4.ts';
import { planImport } from '../../src/lifecycle/enrolment/plan-import.ts';
import { readImport } from '../../src/lifecycle/enrolment/read-import.ts';
import type { InterfaceInput } from '../../src/lifecycle/node-input.ts';
import { createNodeRegistry } from '../../src/lifecycle/node-registry.ts';
import { REPLACED_PARTS, type ReplacedPart } from '../../src/lifecycle/node-replacement.ts';
import type { NodeRegistry } from '../../src/lifecycle/registry-port.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { FakeClock } from '../harness/clock.ts';

/** So few of each that they meet all the time. */
const name = fc.constantFrom('a', 'b', 'c', 'd');
const interfaces: fc.Arbitrary<InterfaceInput[]> = fc
  .uniqueArray(
    fc.record(
      {
        mac: fc.integer({ min: 1, max: 5 }).map((number) => `52:54:00:00:00:0${number}`),
        address: fc.option(
          fc.integer({ min: 1, max: 5 }).map((number) => `10.0.0.${number}`),
          { nil: undefined },
        ),
        clientId: fc.option(fc.constantFrom('0001', '0002', '0003'), { nil: undefined }),
        circuitId: fc.option(fc.constantFrom('01', '02'), { nil: undefined }),
      },
      { requiredKeys: ['mac'] },
    ),
    { minLength: 1, maxLength: 3, selector: (each) => each.mac },
  )
  .map((list) =>
    list.map(({ mac, address, clientId, circuitId }, index) => ({
      name: `eno${index}`,
      mac,
      ...(address === undefined ? {} : { address }),
      ...(clientId === undefined ? {} : { clientId }),
      ...(circuitId === undefined ? {} : { switchPort: { circuitId } }),
    })),
  );
const serial = fc.option(fc.constantFrom('S1', 's1', 'S2'), { nil: undefined });
const uuid = fc.option(
  fc.constantFrom('4c4c4544-0032-4d10-8052-b4c04f564401', '4C4C4544-0032-4D10-8052-B4C04F564402'),
  { nil: undefined },
);
const mac = fc.integer({ min: 1, max: 5 }).map((number) => `52:54:00:00:00:0${number}`);
const cell = (value: fc.Arbitrary<string>) => fc.option(value, { nil: '', freq: 3 });

/** A table whose rows meet each other and the nodes that are there. */
const table: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(
      cell(name),
      cell(fc.constantFrom('eno0', 'eno1', 'bmc')),
      cell(mac),
      cell(fc.integer({ min: 1, max: 5 }).map((number) => `10.0.0.${number}`)),
      cell(fc.constantFrom('S1', 'S2')),
      cell(fc.constantFrom('01', '02')),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((rows) =>
    ['name,interface,mac,address,serialNumber,circuitId', ...rows.map((row) => row.join(',')), ''].join('\n'),
  );

type Step =
  | {
      readonly do: 'enrol';
      readonly name: string;
      readonly interfaces: InterfaceInput[];
      readonly serial: string | undefined;
      readonly uuid: string | undefined;
    }
  | { readonly do: 'import'; readonly name: string; readonly table: string }
  | { readonly do: 'exchange'; readonly name: string; readonly other: string }
  | {
      readonly do: 'replace';
      readonly name: string;
      readonly part: ReplacedPart;
      readonly mac: string;
      readonly serial: string | undefined;
      readonly uuid: string | undefined;
    }
  | { readonly do: 'change'; readonly name: string; readonly rename: string; readonly interfaces: InterfaceInput[] }
  | { readonly do: 'remove'; readonly name: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('enrol' as const), name, interfaces, serial, uuid }),
  fc.record({ do: fc.constant('import' as const), name, table }),
  fc.record({ do: fc.constant('exchange' as const), name, other: name }),
  fc.record({ do: fc.constant('replace' as const), name, part: fc.constantFrom(...REPLACED_PARTS), mac, serial, uuid }),
  fc.record({ do: fc.constant('change' as const), name, rename: name, interfaces }),
  fc.record({ do: fc.constant('remove' as const), name }),
);

async function take(registry: NodeRegistry, next: Step): Promise<void> {
  const id = registry.byName(next.name)?.id;
  try {
    switch (next.do) {
      case 'enrol':
        await registry.enrol({ name: next.name, interfaces: next.interfaces, ...identity(next) });
        return;
      case 'import':
        await registry.apply(planImport(readImport(Buffer.from(next.table), { checkShape: () => [] })));
        return;
      case 'exchange':
        await exchange(registry, next.name, next.other);
        return;
      case 'replace': {
        const [first] = registry.byName(next.name)?.interfaces ?? [];
        if (id === undefined || first === undefined) return;
        const { part, mac: other } = next;
        const named = { part, interfaces: [{ name: first.name, mac: other }] };
        await registry.replace(id, part === 'interface' ? named : { ...named, ...identity(next) });
        return;
      }
      case 'change':
        if (id !== undefined) await registry.change(id, { name: next.rename, interfaces: next.interfaces });
        return;
      case 'remove':
        if (id !== undefined) await registry.remove(id);
    }
  } catch (error) {
    // A table may also say what no node can be; a machine that is replaced may be left without an identity.
    if (!(error instanceof Conflict || error instanceof InvalidInput)) throw error;
    assert.ok(error.problems.length > 0);
  }
}

function identity({ serial: serialNumber, uuid: known }: { serial: string | undefined; uuid: string | undefined }) {
  return { ...(serialNumber !== undefined && { serialNumber }), ...(known !== undefined && { uuid: known }) };
}

/** In one file, each of two nodes gets the other's MAC addresses, reserved addresses and serial number. */
async function exchange(registry: NodeRegistry, one: string, other: string): Promise<void> {
  const nodes = [registry.byName(one), registry.byName(other)];
  const [first, second] = nodes;
  if (first === undefined || second === undefined || first === second) return;
  const swapped = [
    { ...first, name: second.name },
    { ...second, name: first.name },
  ];
  const list = swapped.map(({ name: called, interfaces: ports, serialNumber }) => ({
    name: called,
    interfaces: ports.map(({ address, ...rest }) => ({
      ...rest,
      ...(address !== undefined && { address: formatIpv4(address) }),
    })),
    ...(serialNumber !== undefined && { serialNumber }),
  }));
  const bytes = Buffer.from(JSON.stringify({ nodes: list }));
  await registry.apply(planImport(readImport(bytes, { checkShape: () => [] })));
}

function assertOneOwner(registry: NodeRegistry): void {
  const owners = new Map<string, string>();
  const own = (thing: string, owner: string) => {
    assert.equal(owners.get(thing), undefined, `${thing} belongs to ${owners.get(thing)} and ${owner}`);
    owners.set(thing, owner);
  };
  let count = 0;
  for (const node of registry.all()) {
    count += 1;
    own(`name ${node.name}`, node.id);
    if (node.serialNumber !== undefined) own(`serial ${node.serialNumber.toLowerCase()}`, node.id);
    if (node.uuid !== undefined) {
      own(`uuid ${node.uuid}`, node.id);
      // Without an interface that boots, nobody is meant by it.
      if (node.interfaces.some(({ role }) => role === 'boot')) assert.equal(registry.byUuid(node.uuid)?.node, node);
    }
    assert.equal(registry.byName(node.name), node);
    for (const port of node.interfaces) {
      const found = [
        port.mac === undefined ? undefined : registry.byMac(port.mac),
        port.clientId === undefined ? undefined : registry.byClientId(port.clientId),
        port.switchPort === undefined ? undefined : registry.bySwitchPort(port.switchPort),
        port.address === undefined ? undefined : registry.byAddress(port.address),
      ];
      for (const each of found) if (each !== undefined) assert.equal(each.interface, port);
      if (port.mac !== undefined) own(`mac ${port.mac}`, node.id);
      if (port.clientId !== undefined) own(`client ${port.clientId}`, node.id);
      if (port.switchPort !== undefined) own(`port ${port.switchPort.circuitId}`, node.id);
      if (port.address !== undefined) own(`address ${formatIpv4(port.address)}`, node.id);
    }
  }
  assert.equal(registry.size, count);
  // Nothing that was taken away is still found.
  for (let number = 1; number <= 5; number += 1) {
    const found = registry.byAddress(0x0a000000 + number);
    assert.equal(found?.node.id, owners.get(`address 10.0.0.${number}`));
  }
}

it('any order of enrol, import, replace, rename and remove leaves each name, MAC, address, serial, UUID and port with one owner', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), fc.boolean(), async (steps, atOnce) => {
      const store = new MemoryStore();
      const options = {
        commit: store.commit.bind(store),
        clock: new FakeClock(),
        events: { wantsDebug: false, emit: () => undefined },
      };
      const registry = createNodeRegistry({ ...options, nodes: [] });
      if (atOnce) await Promise.all(steps.map((next) => take(registry, next)));
      else for (const next of steps) await take(registry, next);
      assertOneOwner(registry);
      // A restart finds the same.
      const restarted = createNodeRegistry({ ...options, nodes: (await store.load()).nodes });
      assertOneOwner(restarted);
      assert.deepEqual(restarted.sortedNames(), registry.sortedNames());
      const byId = (nodes: NodeRegistry) => [...nodes.all()].sort((one, other) => (one.id < other.id ? -1 : 1));
      assert.deepEqual(byId(restarted), byId(registry));
    }),
    { numRuns: 400 },
  );
});
