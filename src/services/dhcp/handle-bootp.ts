import { isKnown } from './client-identity.ts';
import { poolFull } from './handle-discover.ts';
import type { Inquiry } from './inquiry.ts';
import { bindingChanges, chooseAddress, type Desk, reservedHere, subnetOf } from './lease-policy.ts';
import { type Outcome, silent } from './outcome.ts';

/**
 * A BOOTP client (RFC 951, RFC 1534 section 2). It can't renew, so what it gets is its own for ever: by default only a
 * reserved address.
 */
export function handleBootp(inquiry: Inquiry, desk: Desk): Outcome {
  const { at, identity, subnets } = inquiry;
  const { leases, settings } = desk;
  if (settings.bootp === 'off') return silent('bootp-off');
  const known = isKnown(identity);
  if (at.dhcp === 'reservations' && !known) return silent('stranger');
  const reserved = reservedHere(inquiry, desk);
  if (settings.bootp === 'reservations' && reserved === undefined) return silent('stranger');
  const address = chooseAddress(inquiry, desk);
  if (settings.bootp === 'reservations' && address !== reserved) return silent('pool-full');
  const subnet = address === undefined ? undefined : subnetOf(address, subnets);
  if (address === undefined || subnet === undefined) return poolFull(inquiry, desk);
  const reply = { type: 'bootp', address, subnet, leaseSeconds: undefined } as const;
  // It asks at each of its starts; what is on the disk already need not be written again.
  const lease = leases.byAddress(address);
  if (lease?.key === identity.key && lease.expiresAt === null) return { kind: 'reply', reply };
  leases.offer(address, identity.key, settings.offerHoldMs);
  return { kind: 'reply', reply, changes: bindingChanges(address, undefined, inquiry, desk) };
}
