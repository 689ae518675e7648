import { type Ipv4, type Ipv4Subnet, parseIpv4 } from '../../domain/ipv4.ts';
import type { Clock, LeaseDirectory } from '../../domain/ports.ts';
import { isInside } from './client-networks.ts';

/** Machines of the largest pods, twice; they are forgotten all at once, and known again at their next question. */
const MAX_CLIENTS = 16_384;
/** After that, a lease is no news. */
const FRESH_LEASE_MS = 600_000;
/** How often it is looked at: a machine asks for many names in a row. */
const LOOK_MS = 5_000;

export interface KnownClient {
  readonly address: Ipv4;
  readonly mayRecurse: boolean;
  lookAt: number;
  /** The start of the lease whose first question was told. */
  toldLease: number;
}

/** What is known of the senders of datagrams, by their address as text: parsing it takes longer than answering. */
export class ClientTable {
  readonly #clock: Clock;
  readonly #leases: LeaseDirectory;
  readonly #byPlace = new Map<string, Map<string, KnownClient>>();

  constructor(clock: Clock, leases: LeaseDirectory) {
    this.#clock = clock;
    this.#leases = leases;
  }

  /** Networks may have changed. */
  forget(): void {
    this.#byPlace.clear();
  }

  /** @param networksOf asked once for each client of an interface */
  client(
    interfaceName: string,
    address: string,
    networksOf: (name: string) => readonly Ipv4Subnet[],
  ): KnownClient | undefined {
    let place = this.#byPlace.get(interfaceName);
    if (place === undefined) {
      place = new Map();
      this.#byPlace.set(interfaceName, place);
    }
    const known = place.get(address);
    if (known !== undefined) return known;
    const parsed = parseIpv4(address);
    if (parsed === undefined) return undefined;
    if (place.size >= MAX_CLIENTS) place.clear();
    const client = {
      address: parsed,
      mayRecurse: isInside(parsed, networksOf(interfaceName)),
      lookAt: 0,
      toldLease: 0,
    };
    place.set(address, client);
    return client;
  }

  /** True once for each new lease of the client: its system has come up, and asks. */
  isFirstQuestion(client: KnownClient): boolean {
    const now = this.#clock.monotonic();
    if (now < client.lookAt) return false;
    client.lookAt = now + LOOK_MS;
    const lease = this.#leases.byAddress(client.address);
    if (lease === undefined || lease.startsAt === client.toldLease) return false;
    client.toldLease = lease.startsAt;
    return this.#clock.now() - lease.startsAt < FRESH_LEASE_MS;
  }
}
