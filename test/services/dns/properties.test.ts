import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { macKey } from '../../../src/domain/lease.ts';
import type { NodeInterface } from '../../../src/domain/node.ts';
import { NodeIndex } from '../../../src/lifecycle/node-index.ts';
import { LeaseTable } from '../../../src/services/dhcp/lease-table.ts';
import { LeaseNames } from '../../../src/services/dns/lease-names.ts';
import { MachineNames } from '../../../src/services/dns/machine-names.ts';
import { FakeClock } from '../../harness/clock.ts';
import { ip, mac, node } from './dns-pod.ts';

const BASE = ip('10.77.0.0');
const name = fc.constantFrom('a', 'b', 'a-bmc', 'b-bmc', 'switch1', 'taken', 'c');
const interfaceName = fc.constantFrom('eno1', 'eth0.1', 'eth0-1', 'bmc', 'ipmi');
const role = fc.constantFrom('boot', 'bmc', 'other', 'infiniband') as fc.Arbitrary<NodeInterface['role']>;
const last = fc.integer({ min: 1, max: 20 });

const event = fc.oneof(
  fc.record({
    what: fc.constant('node' as const),
    name,
    interfaces: fc.array(fc.record({ name: interfaceName, role, address: fc.option(last), mac: last }), {
      maxLength: 3,
    }),
  }),
  fc.record({ what: fc.constant('remove' as const), name }),
  fc.record({
    what: fc.constant('lease' as const),
    address: last,
    mac: last,
    hostname: fc.option(fc.constantFrom('a', 'c', 'd', 'switch1', 'taken', 'D.example', 'localhost')),
    isOver: fc.boolean(),
  }),
  fc.record({ what: fc.constant('time' as const), seconds: fc.integer({ min: 0, max: 4_000 }) }),
);

test('whatever happened to nodes and leases, the name of an address leads back to it, and no name is lost or stolen', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const clock = new FakeClock();
      const nodes = new NodeIndex();
      const leases = new LeaseTable([], clock);
      const leaseNames = new LeaseNames(leases, clock, (address) => nodes.byAddress(address) !== undefined);
      leases.onApplied = (lease, before) => leaseNames.applied(lease, before);
      const reservations = [{ name: 'switch1', address: BASE + 10, match: {}, options: new Map() }];
      const isTaken = (label: string) => label === 'taken';
      const names = new MachineNames({ nodes, leases, leaseNames, clock, reservations, isTaken });
      for (const each of events) {
        if (each.what === 'time') clock.advance(1000 * each.seconds);
        else if (each.what === 'remove') nodes.remove(nodes.byName(each.name)?.id ?? '');
        else if (each.what === 'node') {
          nodes.remove(nodes.byName(each.name)?.id ?? '');
          const interfaces = each.interfaces.map(({ address, ...rest }) => ({
            ...rest,
            mac: mac(rest.mac),
            // As enrolment has it: an address has one owner.
            ...(address === null || nodes.byAddress(BASE + address) !== undefined ? {} : { address: BASE + address }),
          }));
          const unique = interfaces.filter(
            (one, index) =>
              interfaces.findIndex((other) => other.name === one.name || other.address === one.address) === index,
          );
          nodes.put(node(each.name, unique));
        } else {
          const now = clock.now();
          leases.apply(
            {
              ...{ address: BASE + each.address, key: macKey(mac(each.mac)), mac: mac(each.mac) },
              ...{ state: each.isOver ? 'released' : 'bound', startsAt: now, expiresAt: now + 3_600_000 },
              ...(each.hostname === null ? {} : { hostname: each.hostname }),
            },
            each.isOver ? clock.monotonic() : clock.monotonic() + 3_600_000,
          );
        }
        if (events.indexOf(each) % 7 === 0) leaseNames.sweep();
      }
      for (let number = 1; number <= 20; number += 1) {
        const found = names.nameAt(BASE + number);
        if (found === undefined) continue;
        const back = names.find(found.labels);
        assert.ok(back !== undefined && back !== 'no-address');
        assert.equal(back.address, BASE + number);
      }
      for (const each of nodes.all()) assert.notEqual(names.find([each.name]), undefined);
      if (nodes.byName('switch1') === undefined) assert.deepEqual(names.find(['switch1']), { address: BASE + 10 });
      if (nodes.byName('taken') === undefined) assert.equal(names.find(['taken']), undefined);
    }),
    { numRuns: 1_000 },
  );
});
