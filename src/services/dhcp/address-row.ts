import type { Ipv4 } from '../../domain/ipv4.ts';
import type { InterfaceKey, Lease } from '../../domain/lease.ts';
import type { Expiring } from './expiry-heap.ts';

/**
 * One address that was ever offered or leased. Times are monotonic milliseconds. It stays when its lease ends: a client
 * that comes back gets its old address.
 */
export interface AddressRow extends Expiring {
  readonly address: Ipv4;
  /** The last that is on disk, in whatever state. */
  lease: Lease | undefined;
  /** End of the lease, or of the quarantine; -Infinity without one. */
  leaseEndsAt: number;
  /** Whom it was offered to, or who waits for its commit. */
  offerKey: InterfaceKey | undefined;
  offerEndsAt: number;
  /** Leases of `offerKey` that are on their way to the disk: until they are settled, the offer has no end. */
  pending: number;
  /** The latest of them. */
  pendingLease: Lease | undefined;
  /** offerEndsAt when it joined the queue of offers; -1 while it is in none. */
  queuedUntil: number;
  /** Another row whose lease has the same key: on another link, or an earlier one. */
  nextOfKey: AddressRow | undefined;
}

export function newRow(address: Ipv4): AddressRow {
  return {
    address,
    lease: undefined,
    leaseEndsAt: Number.NEGATIVE_INFINITY,
    offerKey: undefined,
    offerEndsAt: Number.NEGATIVE_INFINITY,
    pending: 0,
    pendingLease: undefined,
    queuedUntil: -1,
    nextOfKey: undefined,
    busyUntil: Number.NEGATIVE_INFINITY,
    heapOrder: Number.NEGATIVE_INFINITY,
    heapIndex: -1,
  };
}

/** - `own` leased or offered to this client, - `held` to another one, - `quarantined` declined by somebody. */
export type Availability = 'free' | 'own' | 'held' | 'quarantined';

export function availability(row: AddressRow | undefined, key: InterfaceKey, now: number): Availability {
  if (row === undefined || row.busyUntil <= now) return 'free';
  const { lease } = row;
  if (lease !== undefined && row.leaseEndsAt > now) {
    if (lease.state === 'declined') return 'quarantined';
    return lease.key === key ? 'own' : 'held';
  }
  return row.offerKey === key ? 'own' : 'held';
}

/** Its lease is bound and has not ended. */
export function isActive(row: AddressRow, now: number): boolean {
  return row.lease?.state === 'bound' && row.leaseEndsAt > now;
}
