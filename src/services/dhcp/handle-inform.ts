import { isKnown } from './client-identity.ts';
import type { Inquiry } from './inquiry.ts';
import { subnetOf } from './lease-policy.ts';
import { type Outcome, silent } from './outcome.ts';

/**
 * DHCPINFORM (RFC 2131 section 4.3.5): the client has an address and wants the rest. No address and no times in the
 * answer, and no lease is looked at.
 */
export function handleInform(inquiry: Inquiry): Outcome {
  const { at, identity, message, subnets } = inquiry;
  if (at.dhcp === 'reservations' && !isKnown(identity)) return silent('stranger');
  const subnet = message.ciaddr === 0 ? subnets[0] : subnetOf(message.ciaddr, subnets);
  if (subnet === undefined) return silent('not-our-network');
  return { kind: 'reply', reply: { type: 'ack', address: 0, subnet, leaseSeconds: undefined } };
}
