import type { Ipv4 } from '../../domain/ipv4.ts';
import type { Lease } from '../../domain/lease.ts';
import type { Clock, LeaseDirectory } from '../../domain/ports.ts';
import { hostLabel } from './host-label.ts';

/**
 * Names that lease holders which are no nodes gave themselves. Whoever has a name first keeps it as long as its lease: a
 * machine that calls itself like another one does not take over what is meant for that.
 */
export class LeaseNames {
  readonly #leases: LeaseDirectory;
  readonly #clock: Clock;
  readonly #isFixed: (address: Ipv4) => boolean;
  readonly #addresses = new Map<string, Ipv4>();
  #revision = 0;

  /** @param isFixed the address has its name whoever leases it: a node's, a reservation's */
  constructor(leases: LeaseDirectory, clock: Clock, isFixed: (address: Ipv4) => boolean) {
    this.#leases = leases;
    this.#isFixed = isFixed;
    this.#clock = clock;
    for (const lease of leases.all()) this.#take(lease);
  }

  /** Grows with each change of what a name or an address of a lease leads to; a renewal is none. */
  get revision(): number {
    return this.#revision;
  }

  /** A lease was taken over; `before` is what its address had. */
  applied(lease: Lease, before: Lease | undefined): void {
    if (this.#isFixed(lease.address) || (before !== undefined && this.#saysTheSame(lease, before))) return;
    this.#revision += 1;
    if (lease.state === 'bound') this.#take(lease);
  }

  /** The active lease whose holder has this name. */
  holderOf(label: string): Lease | undefined {
    const address = this.#addresses.get(label);
    return address === undefined ? undefined : this.#lease(address, label);
  }

  /** Forgets the names whose leases have ended: nothing tells when a lease does. */
  sweep(): void {
    for (const [label, address] of this.#addresses) {
      if (this.#lease(address, label) !== undefined) continue;
      this.#addresses.delete(label);
      this.#revision += 1;
    }
  }

  #saysTheSame(lease: Lease, before: Lease): boolean {
    const hadEnded = before.expiresAt !== null && before.expiresAt <= this.#clock.now();
    return (
      !hadEnded &&
      lease.state === before.state &&
      lease.key === before.key &&
      lease.nodeId === before.nodeId &&
      lease.hostname === before.hostname
    );
  }

  #take(lease: Lease): void {
    const label = nameOf(lease);
    if (label === undefined || lease.state !== 'bound' || this.holderOf(label) !== undefined) return;
    this.#addresses.set(label, lease.address);
  }

  #lease(address: Ipv4, label: string): Lease | undefined {
    const lease = this.#leases.byAddress(address);
    return lease !== undefined && lease.state === 'bound' && nameOf(lease) === label ? lease : undefined;
  }
}

/** Nodes and reservations have names that the operator gave. */
export function nameOf({ hostname, nodeId, reservation }: Lease): string | undefined {
  return hostname === undefined || nodeId !== undefined || reservation !== undefined ? undefined : hostLabel(hostname);
}
