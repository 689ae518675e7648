import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIpv4 } from '../../../src/domain/ipv4.ts';
import type { Lease } from '../../../src/domain/lease.ts';
import { LeasePreview } from '../../../src/services/dhcp/lease-preview.ts';
import { LeaseTable } from '../../../src/services/dhcp/lease-table.ts';
import { FakeClock } from '../../harness/clock.ts';
import { ip, subnetOf } from './pod.ts';

const SUBNET = subnetOf({
  pools: [
    ['10.77.0.10', '10.77.0.13'],
    ['10.77.0.20', '10.77.0.21'],
  ],
});
const ADDRESSES = ['10.77.0.10', '10.77.0.11', '10.77.0.12', '10.77.0.13', '10.77.0.20', '10.77.0.21'].map(ip);

const address = fc.constantFrom(...ADDRESSES);
const step = fc.oneof(
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({
    do: fc.constant('lease' as const),
    address,
    state: fc.constantFrom('bound' as const, 'released' as const, 'declined' as const),
    lengthMs: fc.integer({ min: 1, max: 5_000 }),
  }),
  fc.record({ do: fc.constant('reserve' as const), address }),
  fc.record({ do: fc.constant('free' as const), address }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
);

test('a preview names the address that the next client then gets, whatever went before, and keeps nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const clock = new FakeClock();
      const reserved = new Set<number>();
      const leases = new LeaseTable([], clock);
      leases.configure([SUBNET], (each) => reserved.has(each));
      for (const [index, each] of steps.entries()) {
        if (each.do === 'wait') clock.advance(each.ms);
        else if (each.do === 'reserve') reserved.add(each.address);
        else if (each.do === 'free') reserved.delete(each.address);
        else if (each.do === 'lease')
          leases.apply(leaseOf(each.address, each.state, clock), clock.monotonic() + each.lengthMs);
        else {
          const now = clock.monotonic();
          const seen = new LeasePreview(leases).pool(SUBNET)?.take(now);
          assert.equal(new LeasePreview(leases).pool(SUBNET)?.take(now), seen, 'asked twice, the same');
          const taken = leases.pool(SUBNET)?.take(now);
          assert.equal(text(seen), text(taken));
          if (taken !== undefined) leases.offer(taken, `mac:${index}`, 1_000);
        }
      }
    }),
    { numRuns: 5_000 },
  );
});

test('what is offered in a preview is the client’s in that preview alone', () => {
  const leases = new LeaseTable([], new FakeClock());
  leases.configure([SUBNET], () => false);
  const preview = new LeasePreview(leases);
  preview.offer(ip('10.77.0.10'), 'mac:a');
  assert.equal(preview.offered('mac:a', [SUBNET])?.address, ip('10.77.0.10'));
  assert.equal(preview.availability(ip('10.77.0.10'), 'mac:a'), 'own');
  assert.equal(leases.offered('mac:a', [SUBNET]), undefined);
  assert.equal(leases.row(ip('10.77.0.10')), undefined);
  preview.dropOffer('mac:a');
  assert.equal(preview.offered('mac:a', [SUBNET]), undefined);
});

function leaseOf(of: number, state: Lease['state'], clock: FakeClock): Lease {
  return { address: of, key: `mac:lease-${of}`, state, startsAt: clock.now(), expiresAt: clock.now() + 1_000 };
}

function text(of: number | undefined): string | undefined {
  return of === undefined ? undefined : formatIpv4(of);
}
