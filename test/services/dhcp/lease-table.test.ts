import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIpv4, type Ipv4 } from '../../../src/domain/ipv4.ts';
import type { Lease } from '../../../src/domain/lease.ts';
import { LeaseTable } from '../../../src/services/dhcp/lease-table.ts';
import { FakeClock } from '../../harness/clock.ts';
import { HOUR_MS, ip, subnetOf } from './pod.ts';

const SUBNET = subnetOf({ pools: [['10.77.0.100', '10.77.0.102']] });

function lease(address: string, key: string, clock: FakeClock, rest: Partial<Lease> = {}): Lease {
  return {
    address: ip(address),
    key,
    state: 'bound',
    startsAt: clock.now(),
    expiresAt: clock.now() + HOUR_MS,
    ...rest,
  };
}

function table(clock: FakeClock, loaded: readonly Lease[] = [], reserved: ReadonlySet<Ipv4> = new Set()): LeaseTable {
  const leases = new LeaseTable(loaded, clock);
  leases.configure([SUBNET], (address) => reserved.has(address));
  return leases;
}

function take(leases: LeaseTable, clock: FakeClock): string | undefined {
  const address = leases.pool(SUBNET)?.take(clock.monotonic());
  return address === undefined ? undefined : formatIpv4(address);
}

test('addresses that nobody ever had go first, then lapsed offers, then the lease that ended the longest ago', () => {
  const clock = new FakeClock();
  const leases = table(clock);
  leases.apply(lease('10.77.0.100', 'mac:a', clock), clock.monotonic() + 1_000);
  leases.apply(lease('10.77.0.101', 'mac:b', clock), clock.monotonic() + 500);
  assert.equal(take(leases, clock), '10.77.0.102');
  leases.offer(ip('10.77.0.102'), 'mac:c', 60_000);
  clock.advance(2_000);
  assert.equal(take(leases, clock), '10.77.0.101', 'the offer still holds');
  clock.advance(60_000);
  assert.equal(take(leases, clock), '10.77.0.102');
});

test('a renewed lease is not given away at its first end', () => {
  const clock = new FakeClock();
  const leases = table(clock);
  for (const [address, key] of [
    ['10.77.0.100', 'mac:a'],
    ['10.77.0.101', 'mac:b'],
    ['10.77.0.102', 'mac:c'],
  ] as const) {
    leases.apply(lease(address, key, clock), clock.monotonic() + 1_000);
  }
  leases.apply(lease('10.77.0.100', 'mac:a', clock), clock.monotonic() + 100_000);
  clock.advance(1_001);
  const given = [take(leases, clock)];
  leases.offer(ip(given[0] ?? ''), 'mac:x', 60_000);
  given.push(take(leases, clock));
  leases.offer(ip(given[1] ?? ''), 'mac:y', 60_000);
  assert.deepEqual(given.sort(), ['10.77.0.101', '10.77.0.102']);
  assert.equal(take(leases, clock), undefined);
});

test('a released address is free at once, also behind leases that end later', () => {
  const clock = new FakeClock();
  const leases = table(clock);
  const ends = clock.monotonic() + HOUR_MS;
  for (const [address, key] of [
    ['10.77.0.100', 'mac:a'],
    ['10.77.0.101', 'mac:b'],
    ['10.77.0.102', 'mac:c'],
  ] as const) {
    leases.apply(lease(address, key, clock), ends);
  }
  leases.apply(lease('10.77.0.101', 'mac:b', clock, { state: 'released' }), clock.monotonic());
  assert.equal(take(leases, clock), '10.77.0.101');
});

test('an address that was reserved for a node comes back when the node is removed', () => {
  const clock = new FakeClock();
  const reserved = new Set([ip('10.77.0.100'), ip('10.77.0.101'), ip('10.77.0.102')]);
  const leases = table(clock, [], reserved);
  assert.equal(take(leases, clock), undefined);
  reserved.delete(ip('10.77.0.101'));
  assert.equal(take(leases, clock), '10.77.0.101');
});

test('a reserved address that its owner comes and goes with does not hide one that is no longer reserved', () => {
  const clock = new FakeClock();
  const [kept, freed] = ['10.77.0.100', '10.77.0.101'].map(ip) as [Ipv4, Ipv4];
  const reserved = new Set([kept, freed, ip('10.77.0.102')]);
  const leases = table(clock, [], reserved);
  for (let visit = 0; visit < 1_000; visit += 1) {
    leases.apply(lease('10.77.0.100', 'mac:a', clock), clock.monotonic() + 1_000);
    clock.advance(1_000);
    assert.equal(take(leases, clock), undefined);
  }
  reserved.delete(freed);
  assert.equal(take(leases, clock), '10.77.0.101');
});

test('a wall clock that jumps neither ends nor prolongs a lease', () => {
  const clock = new FakeClock();
  const leases = table(clock);
  leases.apply(lease('10.77.0.100', 'mac:a', clock), clock.monotonic() + HOUR_MS);
  clock.jumpWallClock(10 * HOUR_MS);
  assert.equal(leases.byKey('mac:a')?.address, ip('10.77.0.100'));
  clock.jumpWallClock(-100 * HOUR_MS);
  clock.advance(HOUR_MS - 1);
  assert.notEqual(leases.byKey('mac:a'), undefined);
  clock.advance(1);
  assert.equal(leases.byKey('mac:a'), undefined);
});

test('at the load a lease has what was left of it, and never more than its whole length', () => {
  const clock = new FakeClock();
  const stored = lease('10.77.0.100', 'mac:a', clock);
  clock.advance(HOUR_MS / 2);
  const leases = table(clock, [stored]);
  clock.advance(HOUR_MS / 2 - 1);
  assert.notEqual(leases.byKey('mac:a'), undefined);
  clock.advance(1);
  assert.equal(leases.byKey('mac:a'), undefined);

  clock.jumpWallClock(-1_000 * HOUR_MS);
  const early = table(clock, [stored]);
  clock.advance(HOUR_MS - 1);
  assert.notEqual(early.byKey('mac:a'), undefined, 'a clock without battery starts in 1970');
  clock.advance(1);
  assert.equal(early.byKey('mac:a'), undefined);
});

test('after a jump the leases are stamped anew with what is left of them', () => {
  const clock = new FakeClock();
  const leases = table(clock);
  leases.apply(lease('10.77.0.100', 'mac:a', clock), clock.monotonic() + HOUR_MS);
  clock.advance(600_000);
  clock.jumpWallClock(48 * HOUR_MS);
  const [again] = [...leases.restamped()];
  assert.equal(again?.lease.expiresAt, clock.now() + HOUR_MS - 600_000);
  assert.equal((again?.lease.expiresAt ?? 0) - (again?.lease.startsAt ?? 0), HOUR_MS);
});

test('a pool of 100,000 gives each of its addresses once, as fast at its end as at its start', () => {
  const clock = new FakeClock();
  const subnet = subnetOf({ cidr: '10.0.0.0/8', pools: [['10.1.0.0', '10.2.134.159']] });
  const leases = new LeaseTable([], clock);
  leases.configure([subnet], () => false);
  const given = new Set<Ipv4>();
  const started = performance.now();
  for (let index = 0; index < 100_000; index += 1) {
    const address = leases.pool(subnet)?.take(clock.monotonic());
    assert.ok(address !== undefined);
    given.add(address);
    leases.offer(address, `mac:${index}`, 60_000);
    leases.apply(lease(formatIpv4(address), `mac:${index}`, clock), clock.monotonic() + index);
  }
  assert.equal(given.size, 100_000);
  assert.equal(leases.pool(subnet)?.take(clock.monotonic() - 1), undefined);
  clock.advance(HOUR_MS);
  for (let index = 0; index < 100_000; index += 1) {
    const address = leases.pool(subnet)?.take(clock.monotonic());
    assert.ok(address !== undefined);
    leases.offer(address, `mac:again${index}`, 60_000);
  }
  assert.equal(leases.pool(subnet)?.take(clock.monotonic()), undefined);
  assert.ok(performance.now() - started < 10_000, 'a walk over the pool for each address would take minutes');
});
