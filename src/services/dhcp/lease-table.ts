import { type Ipv4, subnetContains } from '../../domain/ipv4.ts';
import type { InterfaceKey, Lease } from '../../domain/lease.ts';
import type { NodeId } from '../../domain/node.ts';
import type { Clock, LeaseDirectory } from '../../domain/ports.ts';
import type { SubnetSettings } from '../../domain/settings.ts';
import { AddressPool } from './address-pool.ts';
import { type AddressRow, type Availability, availability, isActive, newRow } from './address-row.ts';

/**
 * Who holds which address: by address and by holder, in memory. What it knows of leases is on disk already: `apply`
 * comes after the commit, and until then an offer keeps the address.
 *
 * Leases end by the monotonic clock, so a wall clock that jumps neither ends nor prolongs one. At the load, what is left
 * of a lease is taken from its wall times, but never more than its whole length.
 */
export class LeaseTable implements LeaseDirectory {
  readonly #clock: Clock;
  readonly #rows = new Map<Ipv4, AddressRow>();
  /** The row that was leased last; the others hang on it. */
  readonly #byKey = new Map<InterfaceKey, AddressRow>();
  readonly #offers = new Map<InterfaceKey, AddressRow>();
  /** The row whose lease went last on its way to the disk and is not there yet. */
  readonly #pending = new Map<InterfaceKey, AddressRow>();
  #pools = new Map<SubnetSettings, AddressPool>();
  /** Told of each lease that is taken over, and what its address had before: DNS has names of them. */
  onApplied: (lease: Lease, before: Lease | undefined) => void = () => undefined;

  constructor(loaded: Iterable<Lease>, clock: Clock) {
    this.#clock = clock;
    const now = clock.monotonic();
    const oldestFirst = [...loaded].sort((a, b) => a.startsAt - b.startsAt);
    for (const lease of oldestFirst) this.apply(lease, now + remainingMs(lease, clock.now()));
  }

  /** Pools of a new configuration. What was leased stays known, also outside of them. */
  configure(subnets: readonly SubnetSettings[], isReserved: (address: Ipv4) => boolean): void {
    this.#pools = new Map(subnets.map((subnet) => [subnet, new AddressPool(subnet, this.#rows, isReserved)]));
    for (const row of this.#rows.values()) {
      row.heapIndex = -1;
      row.queuedUntil = -1;
    }
    const rows = [...this.#rows.values()].sort((a, b) => a.offerEndsAt - b.offerEndsAt);
    for (const row of rows) this.#poolOf(row.address)?.changed(row);
  }

  byAddress(address: Ipv4): Lease | undefined {
    const row = this.#rows.get(address);
    return row !== undefined && isActive(row, this.#clock.monotonic()) ? row.lease : undefined;
  }

  byKey(key: InterfaceKey): Lease | undefined {
    const now = this.#clock.monotonic();
    for (let row = this.#byKey.get(key); row !== undefined; row = row.nextOfKey)
      if (isActive(row, now)) return row.lease;
    return undefined;
  }

  *all(): Iterable<Lease> {
    const now = this.#clock.monotonic();
    for (const row of this.#rows.values()) if (row.lease !== undefined && isActive(row, now)) yield row.lease;
  }

  /** Addresses that rest after a client declined them. */
  *quarantined(): Iterable<Lease> {
    const now = this.#clock.monotonic();
    for (const { lease, leaseEndsAt } of this.#rows.values()) {
      if (lease?.state === 'declined' && leaseEndsAt > now) yield lease;
    }
  }

  /** The client's last lease, in whatever state and however old. */
  lastOf(key: InterfaceKey): Lease | undefined {
    return this.#byKey.get(key)?.lease;
  }

  row(address: Ipv4): AddressRow | undefined {
    return this.#rows.get(address);
  }

  /** What recalls the node: its last leases, in whatever state, and those on their way to the disk. */
  *rowsOfNode(nodeId: NodeId): Iterable<AddressRow> {
    for (const row of this.#rows.values()) {
      if (row.lease?.nodeId === nodeId || row.pendingLease?.nodeId === nodeId) yield row;
    }
  }

  availability(address: Ipv4, key: InterfaceKey): Availability {
    return availability(this.#rows.get(address), key, this.#clock.monotonic());
  }

  pool(subnet: SubnetSettings): AddressPool | undefined {
    return this.#pools.get(subnet);
  }

  /** The address that the client holds in one of the subnets. */
  current(key: InterfaceKey, subnets: readonly SubnetSettings[]): AddressRow | undefined {
    const now = this.#clock.monotonic();
    for (let row = this.#byKey.get(key); row !== undefined; row = row.nextOfKey) {
      if (isActive(row, now) && isIn(row.address, subnets)) return row;
    }
    return undefined;
  }

  /** The address that the client last had in one of the subnets, whoever may hold it now. */
  previous(key: InterfaceKey, subnets: readonly SubnetSettings[]): AddressRow | undefined {
    for (let row = this.#byKey.get(key); row !== undefined; row = row.nextOfKey) {
      if (row.lease?.state !== 'declined' && isIn(row.address, subnets)) return row;
    }
    return undefined;
  }

  /** The address that is on offer to the client in one of the subnets. */
  offered(key: InterfaceKey, subnets: readonly SubnetSettings[]): AddressRow | undefined {
    const row = this.#offers.get(key);
    if (row === undefined || row.offerKey !== key || row.offerEndsAt <= this.#clock.monotonic()) return undefined;
    return isIn(row.address, subnets) ? row : undefined;
  }

  /** Keeps the address for the client; the caller has seen that it is available to it. Never goes to the disk. */
  offer(address: Ipv4, key: InterfaceKey, holdMs: number): void {
    const row = this.#rowFor(address);
    this.#forgetOffer(row);
    row.offerKey = key;
    this.#offers.set(key, row);
    this.#keepOffer(row, row.pending > 0 ? Number.POSITIVE_INFINITY : holdMs);
  }

  /**
   * The lease is on its way to the disk. However long that takes, nobody else gets its address before `committed` or
   * `notCommitted` has told how it ended.
   */
  committing(lease: Lease): void {
    const row = this.#rowFor(lease.address);
    row.pending += 1;
    row.pendingLease = lease;
    this.#pending.set(lease.key, row);
    if (row.offerKey === lease.key) this.#keepOffer(row, Number.POSITIVE_INFINITY);
    else this.offer(lease.address, lease.key, Number.POSITIVE_INFINITY);
  }

  /** @param endsAt as for `apply` */
  committed(lease: Lease, endsAt: number): void {
    this.#settle(lease);
    this.apply(lease, endsAt);
  }

  /** The disk refused it: what is left is an offer. */
  notCommitted(lease: Lease, holdMs: number): void {
    const row = this.#settle(lease);
    if (row.pending === 0) this.#keepOffer(row, holdMs);
  }

  /** The client's lease in one of the subnets that is on its way to the disk. */
  pendingOf(key: InterfaceKey, subnets: readonly SubnetSettings[]): Lease | undefined {
    const row = this.#pending.get(key);
    return row !== undefined && isIn(row.address, subnets) ? row.pendingLease : undefined;
  }

  /** The client takes another server's offer. */
  dropOffer(key: InterfaceKey): void {
    const row = this.#offers.get(key);
    if (row === undefined || row.offerKey !== key || row.pending > 0) return;
    this.#forgetOffer(row);
    this.#keepOffer(row, 0);
  }

  /**
   * Takes over a lease that is on disk now, in whatever state it is.
   *
   * @param endsAt monotonic milliseconds, reckoned when the client asked; Infinity never ends
   */
  apply(lease: Lease, endsAt: number): void {
    const row = this.#rowFor(lease.address);
    const before = row.lease;
    if (before !== undefined) this.#unlink(row, before.key);
    row.lease = lease;
    row.leaseEndsAt = endsAt;
    if ((row.offerKey === lease.key && row.pending === 0) || lease.state === 'declined') {
      this.#forgetOffer(row);
      row.offerEndsAt = Number.NEGATIVE_INFINITY;
    }
    row.busyUntil = Math.max(endsAt, row.offerEndsAt);
    row.nextOfKey = this.#byKey.get(lease.key);
    this.#byKey.set(lease.key, row);
    this.#poolOf(lease.address)?.changed(row);
    this.onApplied(lease, before);
  }

  /**
   * After the wall clock jumped: the active leases with wall times that say again what is left of them. Write them, then
   * `apply` each with its `endsAt`. Without those whose renewal is on its way to the disk already: it must not be undone.
   */
  *restamped(): Iterable<{ readonly lease: Lease; readonly endsAt: number }> {
    const now = this.#clock.monotonic();
    const wallNow = this.#clock.now();
    for (const { lease, leaseEndsAt, pending } of this.#rows.values()) {
      if (lease === undefined || lease.state === 'released' || lease.expiresAt === null || leaseEndsAt <= now) continue;
      if (pending > 0) continue;
      const expiresAt = Math.round(wallNow + leaseEndsAt - now);
      const startsAt = expiresAt - (lease.expiresAt - lease.startsAt);
      yield { lease: { ...lease, startsAt, expiresAt }, endsAt: leaseEndsAt };
    }
  }

  counts(): { readonly bound: number; readonly offered: number; readonly quarantined: number } {
    const now = this.#clock.monotonic();
    const counts = { bound: 0, offered: 0, quarantined: 0 };
    for (const row of this.#rows.values()) {
      if (row.busyUntil <= now) continue;
      if (row.leaseEndsAt <= now) counts.offered += 1;
      else if (row.lease?.state === 'declined') counts.quarantined += 1;
      else counts.bound += 1;
    }
    return counts;
  }

  /** How full each pool is. By its rows, of which there are as many as clients: a pool may have millions of addresses. */
  poolUse(): { readonly subnet: SubnetSettings; leased: number; offered: number; quarantined: number }[] {
    const now = this.#clock.monotonic();
    const unused = (subnet: SubnetSettings) => ({ subnet, leased: 0, offered: 0, quarantined: 0 });
    const uses = new Map(Array.from(this.#pools, ([subnet, pool]) => [pool, unused(subnet)] as const));
    for (const row of this.#rows.values()) {
      if (row.busyUntil <= now) continue;
      const pool = this.#poolOf(row.address);
      const use = pool === undefined ? undefined : uses.get(pool);
      if (use === undefined) continue;
      if (row.leaseEndsAt <= now) use.offered += 1;
      else if (row.lease?.state === 'declined') use.quarantined += 1;
      else use.leased += 1;
    }
    return [...uses.values()];
  }

  #rowFor(address: Ipv4): AddressRow {
    let row = this.#rows.get(address);
    if (row === undefined) {
      row = newRow(address);
      this.#rows.set(address, row);
    }
    return row;
  }

  #poolOf(address: Ipv4): AddressPool | undefined {
    for (const pool of this.#pools.values()) if (pool.contains(address)) return pool;
    return undefined;
  }

  #keepOffer(row: AddressRow, holdMs: number): void {
    row.offerEndsAt = this.#clock.monotonic() + holdMs;
    row.busyUntil = Math.max(row.leaseEndsAt, row.offerEndsAt);
    this.#poolOf(row.address)?.changed(row);
  }

  #settle({ address, key }: Lease): AddressRow {
    const row = this.#rowFor(address);
    row.pending -= 1;
    if (row.pending === 0) {
      row.pendingLease = undefined;
      if (this.#pending.get(key) === row) this.#pending.delete(key);
    }
    return row;
  }

  #forgetOffer(row: AddressRow): void {
    if (row.offerKey !== undefined && this.#offers.get(row.offerKey) === row) this.#offers.delete(row.offerKey);
    row.offerKey = undefined;
  }

  #unlink(row: AddressRow, key: InterfaceKey): void {
    const head = this.#byKey.get(key);
    if (head === row) {
      if (row.nextOfKey === undefined) this.#byKey.delete(key);
      else this.#byKey.set(key, row.nextOfKey);
    } else {
      for (let before = head; before !== undefined; before = before.nextOfKey) {
        if (before.nextOfKey === row) before.nextOfKey = row.nextOfKey;
      }
    }
    row.nextOfKey = undefined;
  }
}

function isIn(address: Ipv4, subnets: readonly SubnetSettings[]): boolean {
  for (const subnet of subnets) if (subnetContains(subnet, address)) return true;
  return false;
}

/** Negative for what ended already: the longest ago ends first in the pools' order too. */
function remainingMs({ state, startsAt, expiresAt }: Lease, wallNow: number): number {
  if (expiresAt === null) return Number.POSITIVE_INFINITY;
  const remaining = Math.min(expiresAt - wallNow, Math.max(0, expiresAt - startsAt));
  return state === 'released' ? Math.min(0, remaining) : remaining;
}
