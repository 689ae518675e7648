import type { Inquiry } from './inquiry.ts';
import { type Desk, releaseChange } from './lease-policy.ts';
import { type Outcome, silent } from './outcome.ts';

/**
 * DHCPRELEASE (RFC 2131 section 4.3.4). The lease ends, but its row stays: the client gets the same address when it is
 * back, as long as nobody else needed it.
 */
export function handleRelease(inquiry: Inquiry, desk: Desk): Outcome {
  const { at, identity, message, serverId, ownServerId } = inquiry;
  if (serverId !== 0 && serverId !== ownServerId && serverId !== at.address) return silent('other-server-chosen');
  const lease = desk.leases.byAddress(message.ciaddr);
  if (lease === undefined || lease.key !== identity.key) return silent('not-its-lease');
  return { kind: 'released', address: lease.address, changes: [releaseChange(lease, desk)] };
}
