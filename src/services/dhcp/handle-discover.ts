import { isKnown } from './client-identity.ts';
import type { Inquiry } from './inquiry.ts';
import { chooseAddress, type Desk, leaseSecondsFor, subnetOf } from './lease-policy.ts';
import { type Outcome, silent } from './outcome.ts';

/**
 * DHCPDISCOVER (RFC 2131 section 4.3.1). The offer is kept in memory alone, and nothing is probed before it: firmware
 * waits four seconds for its first offer and counts the boot as failed a minute later.
 */
export function handleDiscover(inquiry: Inquiry, desk: Desk): Outcome {
  const { at, identity, subnets } = inquiry;
  if (at.dhcp === 'reservations' && !isKnown(identity)) return silent('stranger');
  const address = chooseAddress(inquiry, desk);
  const subnet = address === undefined ? undefined : subnetOf(address, subnets);
  if (address === undefined || subnet === undefined) return poolFull(inquiry, desk);
  desk.leases.offer(address, identity.key, desk.settings.offerHoldMs);
  return {
    kind: 'reply',
    reply: { type: 'offer', address, subnet, leaseSeconds: leaseSecondsFor(inquiry, subnet) },
  };
}

/** Says which pool is full; the census is taken only when it is told. */
export function poolFull({ subnets }: Inquiry, { leases, clock }: Desk): Outcome {
  const subnet = subnets[0];
  if (subnet === undefined) return silent('pool-full');
  return { kind: 'pool-full', subnet, census: () => leases.pool(subnet)?.census(clock.monotonic()) };
}
