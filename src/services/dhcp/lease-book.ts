import type { Ipv4 } from '../../domain/ipv4.ts';
import type { InterfaceKey, Lease } from '../../domain/lease.ts';
import type { SubnetSettings } from '../../domain/settings.ts';
import type { PoolCensus } from './address-pool.ts';
import type { Availability } from './address-row.ts';

/** An address that a client holds, held, or is offered. */
export interface Held {
  readonly address: Ipv4;
  readonly lease: Lease | undefined;
}

export interface PoolBook {
  contains(address: Ipv4): boolean;
  /** An address for a new client; undefined: none is left. The caller offers it at once. */
  take(now: number): Ipv4 | undefined;
  census(now: number): PoolCensus;
}

/** What handlers decide with: the lease table, or a preview of it that changes nothing. */
export interface LeaseBook {
  byAddress(address: Ipv4): Lease | undefined;
  /** The client's last lease, in whatever state and however old. */
  lastOf(key: InterfaceKey): Lease | undefined;
  row(address: Ipv4): Held | undefined;
  availability(address: Ipv4, key: InterfaceKey): Availability;
  pool(subnet: SubnetSettings): PoolBook | undefined;
  current(key: InterfaceKey, subnets: readonly SubnetSettings[]): Held | undefined;
  previous(key: InterfaceKey, subnets: readonly SubnetSettings[]): Held | undefined;
  offered(key: InterfaceKey, subnets: readonly SubnetSettings[]): Held | undefined;
  pendingOf(key: InterfaceKey, subnets: readonly SubnetSettings[]): Lease | undefined;
  offer(address: Ipv4, key: InterfaceKey, holdMs: number): void;
  dropOffer(key: InterfaceKey): void;
}
