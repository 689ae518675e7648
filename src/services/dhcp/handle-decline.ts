import type { Lease } from '../../domain/lease.ts';
import type { Inquiry } from './inquiry.ts';
import { type Desk, rememberedOwner } from './lease-policy.ts';
import { type Outcome, silent } from './outcome.ts';

/**
 * DHCPDECLINE (RFC 2131 section 4.3.3): the client saw another machine at the address that it was given. The address
 * rests. Only who was given an address can decline it, or one packet a second would empty the pool.
 */
export function handleDecline(inquiry: Inquiry, desk: Desk): Outcome {
  const { at, identity, serverId, ownServerId, requestedAddress: address, subnets } = inquiry;
  const { clock, leases, settings } = desk;
  if (serverId !== 0 && serverId !== ownServerId && serverId !== at.address) return silent('other-server-chosen');
  if (address === 0) return silent('senseless');
  const offered = leases.offered(identity.key, subnets);
  if (leases.current(identity.key, subnets)?.address !== address && offered?.address !== address) {
    return silent('not-its-lease');
  }
  const startsAt = Math.round(clock.now());
  const { mac, key } = identity;
  const lease: Lease = {
    address,
    key,
    state: 'declined',
    ...(mac !== undefined && { mac }),
    ...rememberedOwner(identity),
    startsAt,
    expiresAt: startsAt + settings.quarantineMs,
  };
  return { kind: 'declined', address, changes: [{ lease, endsAt: clock.monotonic() + settings.quarantineMs }] };
}
