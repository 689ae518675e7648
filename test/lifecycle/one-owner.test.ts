import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Conflict } from '../../src/domain/errors.ts';
import { formatIpv4 } from '../../src/domain/ipv4.ts';
import type { InterfaceInput } from '../../src/lifecycle/node-input.ts';
import { createNodeRegistry } from '../../src/lifecycle/node-registry.ts';
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

type Step =
  | {
      readonly do: 'enrol';
      readonly name: string;
      readonly interfaces: InterfaceInput[];
      readonly serial: string | undefined;
    }
  | { readonly do: 'change'; readonly name: string; readonly rename: string; readonly interfaces: InterfaceInput[] }
  | { readonly do: 'remove'; readonly name: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('enrol' as const), name, interfaces, serial }),
  fc.record({ do: fc.constant('change' as const), name, rename: name, interfaces }),
  fc.record({ do: fc.constant('remove' as const), name }),
);

async function take(registry: NodeRegistry, next: Step): Promise<void> {
  const id = registry.byName(next.name)?.id;
  try {
    if (next.do === 'enrol') {
      const { serial: serialNumber } = next;
      await registry.enrol({
        name: next.name,
        interfaces: next.interfaces,
        ...(serialNumber === undefined ? {} : { serialNumber }),
      });
    } else if (id !== undefined && next.do === 'change')
      await registry.change(id, { name: next.rename, interfaces: next.interfaces });
    else if (id !== undefined) await registry.remove(id);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    assert.ok(error.problems.length > 0);
  }
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
    assert.equal(registry.byName(node.name), node);
    for (const port of node.interfaces) {
      const found = [
        port.mac === undefined ? undefined : registry.byMac(port.mac),
        port.clientId === undefined ? undefined : registry.byClientId(port.clientId),
        port.switchPort === undefined ? undefined : registry.bySwitchPort(port.switchPort),
        port.address === undefined ? undefined : registry.byAddress(port.address),
      ];
      for (const each of found) if (each !== undefined) assert.equal(each.interface, port);
      own(`mac ${port.mac}`, node.id);
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

it('any order of enrol, change and remove leaves each name, MAC, address, identifier and port with one owner', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, atOnce) => {
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
      assert.deepEqual([...restarted.all()].map(({ id }) => id).sort(), [...registry.all()].map(({ id }) => id).sort());
    }),
    { numRuns: 300 },
  );
});
