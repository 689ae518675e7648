import { type Ipv4, subnetContains } from '../../domain/ipv4.ts';
import type { InterfaceKey, Lease } from '../../domain/lease.ts';
import type { SubnetSettings } from '../../domain/settings.ts';
import type { Availability } from './address-row.ts';
import type { Held, LeaseBook, PoolBook } from './lease-book.ts';
import type { LeaseTable } from './lease-table.ts';

/**
 * The lease table as one client would find it, for a conversation that does not take place: what is offered in it is
 * remembered here and nowhere else.
 */
export class LeasePreview implements LeaseBook {
  readonly #table: LeaseTable;
  readonly #offers = new Map<InterfaceKey, Ipv4>();

  constructor(table: LeaseTable) {
    this.#table = table;
  }

  byAddress(address: Ipv4): Lease | undefined {
    return this.#table.byAddress(address);
  }

  lastOf(key: InterfaceKey): Lease | undefined {
    return this.#table.lastOf(key);
  }

  row(address: Ipv4): Held | undefined {
    return this.#table.row(address);
  }

  availability(address: Ipv4, key: InterfaceKey): Availability {
    const is = this.#table.availability(address, key);
    return is === 'free' && this.#offers.get(key) === address ? 'own' : is;
  }

  pool(subnet: SubnetSettings): PoolBook | undefined {
    const pool = this.#table.pool(subnet);
    if (pool === undefined) return undefined;
    return {
      contains: (address) => pool.contains(address),
      take: (now) => pool.peek(now),
      census: (now) => pool.census(now),
    };
  }

  current(key: InterfaceKey, subnets: readonly SubnetSettings[]): Held | undefined {
    return this.#table.current(key, subnets);
  }

  previous(key: InterfaceKey, subnets: readonly SubnetSettings[]): Held | undefined {
    return this.#table.previous(key, subnets);
  }

  offered(key: InterfaceKey, subnets: readonly SubnetSettings[]): Held | undefined {
    const address = this.#offers.get(key);
    if (address === undefined) return this.#table.offered(key, subnets);
    return subnets.some((subnet) => subnetContains(subnet, address)) ? { address, lease: undefined } : undefined;
  }

  pendingOf(key: InterfaceKey, subnets: readonly SubnetSettings[]): Lease | undefined {
    return this.#table.pendingOf(key, subnets);
  }

  offer(address: Ipv4, key: InterfaceKey): void {
    this.#offers.set(key, address);
  }

  dropOffer(key: InterfaceKey): void {
    this.#offers.delete(key);
  }
}
