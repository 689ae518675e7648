import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import { type Ipv4, subnetContains } from '../../domain/ipv4.ts';
import type { InterfaceKey, Lease } from '../../domain/lease.ts';
import type { Clock, NodeDirectory } from '../../domain/ports.ts';
import type { DhcpSettings, SubnetSettings } from '../../domain/settings.ts';
import { type ClientIdentity, reservedAddress } from './client-identity.ts';
import type { Inquiry } from './inquiry.ts';
import type { Held, LeaseBook } from './lease-book.ts';
import type { LeaseChange, NakReason } from './outcome.ts';
import type { ReservationIndex } from './reservation-index.ts';

/** What the handlers decide with. All of it answers from memory. */
export interface Desk {
  readonly settings: DhcpSettings;
  readonly leases: LeaseBook;
  readonly nodes: NodeDirectory;
  readonly reservations: ReservationIndex;
  /** Our own addresses and the relays': no client's, whatever a pool says. */
  readonly taken: ReadonlySet<Ipv4>;
  readonly clock: Clock;
}

/** A client that wishes for less is not helped by asking twice a second. */
const MIN_LEASE_SECONDS = 60;
const MAX_HOSTNAME_CHARACTERS = 253;

export function subnetOf(address: Ipv4, subnets: readonly SubnetSettings[]): SubnetSettings | undefined {
  return subnets.find((subnet) => subnetContains(subnet, address));
}

/** The client's reserved address, if it is of use where the client asks. A reload may have made it ours, or a relay's. */
export function reservedHere(inquiry: Inquiry, { taken }: Pick<Desk, 'taken'>): Ipv4 | undefined {
  const address = reservedAddress(inquiry.identity);
  if (address === undefined || taken.has(address)) return undefined;
  return subnetOf(address, inquiry.subnets) !== undefined ? address : undefined;
}

/** Reserved, and not for this client. */
export function isReservedForAnother(address: Ipv4, inquiry: Inquiry, desk: Desk): boolean {
  return isReserved(address, desk) && (desk.taken.has(address) || reservedAddress(inquiry.identity) !== address);
}

export function isReserved(
  address: Ipv4,
  { nodes, reservations, taken }: Pick<Desk, 'nodes' | 'reservations' | 'taken'>,
): boolean {
  return taken.has(address) || reservations.byAddress(address) !== undefined || nodes.byAddress(address) !== undefined;
}

/**
 * The address for a client that asks for one, in this order: its reserved one, the one that it holds, the one on offer
 * to it, the one that it had, the one that it asks for, one from a pool. A reserved address that another client still
 * holds has to wait: its owner gets one from the pool until the other's lease has ended.
 *
 * Returns undefined where the pools are full.
 */
export function chooseAddress(inquiry: Inquiry, desk: Desk): Ipv4 | undefined {
  const { subnets, identity, requestedAddress } = inquiry;
  const { leases } = desk;
  const { key } = identity;
  const reserved = reservedHere(inquiry, desk);
  if (reserved !== undefined && (isAvailable(reserved, key, leases) || isLeftBehind(reserved, inquiry, desk))) {
    return reserved;
  }
  const usable = (row: Held | undefined): row is Held =>
    row !== undefined && isFromPool(row.address, inquiry, desk) && isAvailable(row.address, key, leases);
  const current = leases.current(key, subnets);
  if (usable(current)) return current.address;
  const offered = leases.offered(key, subnets);
  if (usable(offered)) return offered.address;
  const previous = leases.previous(key, subnets);
  if (usable(previous)) return previous.address;
  // A wish is granted where nobody was yet: what somebody had before is kept for its return.
  if (
    requestedAddress !== 0 &&
    leases.row(requestedAddress) === undefined &&
    isFromPool(requestedAddress, inquiry, desk)
  ) {
    return requestedAddress;
  }
  const now = desk.clock.monotonic();
  for (const subnet of subnets) {
    const address = leases.pool(subnet)?.take(now);
    if (address !== undefined) return address;
  }
  return undefined;
}

/**
 * A node that is its switch port has another machine there, after a repair, and the lease of the former one still runs: what
 * the operator reserved is the port's. Only firmware that boots says that there is another one; nothing else would, and a
 * system that shares the port (a container, a BMC) must not take its host's address.
 */
function isLeftBehind(address: Ipv4, { identity, client }: Inquiry, { leases, nodes }: Desk): boolean {
  const { evidence, own, port, key } = identity;
  if (evidence !== 'switch-port' || !own || port === undefined) return false;
  if (client.stage === 'os' || client.stage === 'bootp') return false;
  const lease = leases.byAddress(address);
  if (lease?.state !== 'bound' || lease.key === key || lease.nodeId !== port.node.id) return false;
  // On its way to the disk at this moment: two machines boot at the port, and the first has it.
  if (leases.row(address)?.lease !== lease) return false;
  return lease.mac === undefined || nodes.byMac(lease.mac) === undefined;
}

function isAvailable(address: Ipv4, key: InterfaceKey, leases: LeaseBook): boolean {
  const is = leases.availability(address, key);
  return is === 'free' || is === 'own';
}

function isFromPool(address: Ipv4, inquiry: Inquiry, desk: Desk): boolean {
  const subnet = subnetOf(address, inquiry.subnets);
  const pool = subnet === undefined ? undefined : desk.leases.pool(subnet);
  return pool?.contains(address) === true && !isReservedForAnother(address, inquiry, desk);
}

/** Why the client can't have, or keep, the address; undefined: it can. */
export function whyNot(address: Ipv4, inquiry: Inquiry, desk: Desk): NakReason | undefined {
  const { leases } = desk;
  const { key } = inquiry.identity;
  if (subnetOf(address, inquiry.subnets) === undefined) return 'wrong-network';
  if (isReservedForAnother(address, inquiry, desk)) return 'reserved-for-another';
  const reserved = reservedHere(inquiry, desk);
  if (reserved !== address) {
    if (reserved !== undefined && isAvailable(reserved, key, leases)) return 'has-another';
    if (!isFromPool(address, inquiry, desk)) return 'not-in-a-pool';
  }
  const is = leases.availability(address, key);
  if (is === 'held')
    return reserved === address && isLeftBehind(address, inquiry, desk) ? undefined : 'held-by-another';
  return is === 'quarantined' ? 'quarantined' : undefined;
}

/** What the client wishes (option 51), within the bounds of the subnet. */
export function leaseSecondsFor({ leaseWish: wish }: Inquiry, subnet: SubnetSettings): number {
  const most = subnet.times.leaseSeconds;
  return wish === undefined ? most : Math.min(most, Math.max(wish, Math.min(MIN_LEASE_SECONDS, most)));
}

/**
 * The client gets the address: its lease, and the end of any other lease that it has on the same link. One interface has
 * one address.
 */
export function bindingChanges(
  address: Ipv4,
  leaseSeconds: number | undefined,
  inquiry: Inquiry,
  desk: Desk,
): LeaseChange[] {
  const { identity, subnets } = inquiry;
  const { clock, leases } = desk;
  const { key, mac, clientIdHex, port, reservation } = identity;
  const startsAt = Math.round(clock.now());
  const leaseMs = leaseSeconds === undefined ? Number.POSITIVE_INFINITY : leaseSeconds * 1000;
  const hostname = port?.node.name ?? reservation?.name ?? saidHostname(inquiry);
  const lease: Lease = {
    address,
    key,
    state: 'bound',
    ...(mac !== undefined && { mac }),
    ...(clientIdHex !== undefined && { clientId: clientIdHex }),
    ...rememberedOwner(identity),
    ...(hostname !== undefined && { hostname }),
    startsAt,
    expiresAt: leaseSeconds === undefined ? null : startsAt + leaseMs,
  };
  const changes: LeaseChange[] = [{ lease, endsAt: clock.monotonic() + leaseMs }];
  for (const other of [leases.current(key, subnets)?.lease, leases.pendingOf(key, subnets)]) {
    if (other !== undefined && other.address !== address) changes.unshift(releaseChange(other, desk));
  }
  return changes;
}

/** By what a lease recalls whose it is, when a later packet of the same client does not tell it. */
export function rememberedOwner({
  port,
  reservation,
  evidence,
}: ClientIdentity): Pick<Lease, 'nodeId' | 'reservation'> {
  if (port !== undefined) return { nodeId: port.node.id };
  const told = evidence === 'mac' || evidence === 'client-id';
  return reservation === undefined || told ? {} : { reservation: reservation.name };
}

/** The lease ends now; its row stays, for the client's return. */
export function releaseChange(lease: Lease, { clock }: Pick<Desk, 'clock'>): LeaseChange {
  return { lease: { ...lease, state: 'released', expiresAt: Math.round(clock.now()) }, endsAt: clock.monotonic() };
}

/** Option 12, if it is something that can be shown. */
export function saidHostname({ message }: Pick<Inquiry, 'message'>): string | undefined {
  const value = message.options.get(OptionCode.hostName);
  if (value === undefined || value.length === 0 || value.length > MAX_HOSTNAME_CHARACTERS) return undefined;
  let text = '';
  for (const byte of value) {
    if (byte === 0) break;
    if (byte < 0x21 || byte > 0x7e) return undefined;
    text += String.fromCharCode(byte);
  }
  return text === '' ? undefined : text;
}
