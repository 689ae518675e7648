import type { Ipv4 } from '../../domain/ipv4.ts';
import { isKnown } from './client-identity.ts';
import type { Inquiry } from './inquiry.ts';
import { bindingChanges, type Desk, leaseSecondsFor, subnetOf, whyNot } from './lease-policy.ts';
import { type NakReason, type Outcome, silent } from './outcome.ts';

/** The four states of a client that sends DHCPREQUEST (RFC 2131 section 4.3.2, table 4); the last two look the same. */
export type RequestState = 'selecting' | 'init-reboot' | 'renewing';

export function requestState({ message, serverId, requestedAddress }: Inquiry): RequestState | undefined {
  // Firmware that leaves ciaddr filled in still answers an offer when it names the server.
  if (serverId !== 0) return 'selecting';
  if (message.ciaddr !== 0) return 'renewing';
  return requestedAddress === 0 ? undefined : 'init-reboot';
}

export function handleRequest(inquiry: Inquiry, desk: Desk): Outcome {
  const state = requestState(inquiry);
  switch (state) {
    case 'selecting':
      return handleSelecting(inquiry, desk);
    case 'init-reboot':
      return handleInitReboot(inquiry, desk);
    case 'renewing':
      return handleRenewing(inquiry, desk);
    case undefined:
      return silent('senseless');
  }
}

function handleSelecting(inquiry: Inquiry, desk: Desk): Outcome {
  const { at, identity, message, serverId, ownServerId, requestedAddress } = inquiry;
  if (serverId !== ownServerId && serverId !== at.address) {
    desk.leases.dropOffer(identity.key);
    return silent('other-server-chosen');
  }
  const address = requestedAddress !== 0 ? requestedAddress : message.ciaddr;
  if (address === 0) return silent('senseless');
  if (isStranger(inquiry)) return silent('stranger');
  const refusal = whyNot(address, inquiry, desk) ?? otherAddress(address, inquiry, desk);
  return refusal === undefined ? grant(address, inquiry, desk) : { kind: 'nak', reason: refusal, address };
}

/**
 * A client that starts and remembers an address. RFC 2131 wants silence about a client that the server does not know; a
 * server that has its network for itself knows better: it says no to what can't be, and yes to an address that nobody
 * else was ever given (a machine that the site's former server had).
 */
function handleInitReboot(inquiry: Inquiry, desk: Desk): Outcome {
  const { requestedAddress: address } = inquiry;
  if (isStranger(inquiry)) return silent('stranger');
  return keepOrRefuse(address, inquiry, desk);
}

function handleRenewing(inquiry: Inquiry, desk: Desk): Outcome {
  const { message, broadcast, relayed, subnets } = inquiry;
  const address = message.ciaddr;
  if (isStranger(inquiry)) return silent('stranger');
  // Unicast, from an address that we do not serve: we are not the one who can say anything about it. Whoever asks
  // everyone (REBINDING) is on our link or behind our relay, and astray.
  if (subnetOf(address, subnets) === undefined && !broadcast && !relayed) return silent('not-our-network');
  return keepOrRefuse(address, inquiry, desk);
}

function keepOrRefuse(address: Ipv4, inquiry: Inquiry, desk: Desk): Outcome {
  const refusal =
    whyNot(address, inquiry, desk) ?? otherAddress(address, inquiry, desk) ?? formerHolder(address, inquiry, desk);
  return refusal === undefined ? grant(address, inquiry, desk) : { kind: 'nak', reason: refusal, address };
}

/** Where only known machines are served, another server may serve the others: they are not ours to refuse. */
function isStranger({ at, identity }: Inquiry): boolean {
  return at.dhcp === 'reservations' && !isKnown(identity);
}

/** The client holds another address here: one interface has one address. */
function otherAddress(address: Ipv4, { identity, subnets }: Inquiry, { leases }: Desk): NakReason | undefined {
  const current = leases.current(identity.key, subnets);
  if (current === undefined || current.address === address) return undefined;
  // What is on offer to it now is the newer word: its reserved address became free, or the pool moved.
  return leases.offered(identity.key, subnets)?.address === address ? undefined : 'has-another';
}

/** The last lease of the address was another client's: it is kept for that one's return, and this one has to ask anew. */
function formerHolder(address: Ipv4, { identity, subnets }: Inquiry, { leases }: Desk): NakReason | undefined {
  const lease = leases.row(address)?.lease;
  if (lease === undefined || lease.key === identity.key) return undefined;
  if (leases.offered(identity.key, subnets)?.address === address) return undefined;
  return 'unknown-lease';
}

function grant(address: Ipv4, inquiry: Inquiry, desk: Desk): Outcome {
  const subnet = subnetOf(address, inquiry.subnets);
  if (subnet === undefined) return { kind: 'nak', reason: 'wrong-network', address };
  const leaseSeconds = leaseSecondsFor(inquiry, subnet);
  // Nobody else may get it while its lease is on the way to the disk.
  desk.leases.offer(address, inquiry.identity.key, desk.settings.offerHoldMs);
  return {
    kind: 'reply',
    reply: { type: 'ack', address, subnet, leaseSeconds },
    changes: bindingChanges(address, leaseSeconds, inquiry, desk),
  };
}
