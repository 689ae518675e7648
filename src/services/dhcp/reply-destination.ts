import { BROADCAST_FLAG, type DhcpMessage, HardwareType } from '../../codecs/dhcp/message.ts';
import type { Ipv4 } from '../../domain/ipv4.ts';

export type ReplyDestination =
  /** To the server's port: the relay carries it on. */
  | { readonly kind: 'relay'; readonly address: Ipv4 }
  /** To a client that has its address already. */
  | { readonly kind: 'unicast'; readonly address: Ipv4 }
  /** To a client that can't answer ARP yet: with a neighbour entry, else to everyone. */
  | { readonly kind: 'neighbour'; readonly address: Ipv4; readonly mac: Uint8Array }
  | { readonly kind: 'broadcast' };

export interface DestinationQuestion {
  readonly request: Pick<DhcpMessage, 'giaddr' | 'ciaddr' | 'flags' | 'htype' | 'hlen' | 'chaddr'>;
  readonly answer: 'offer' | 'ack' | 'nak' | 'bootp';
  /** 0 where the answer gives no address. */
  readonly yiaddr: Ipv4;
  /** From where the datagram came; 0 from a client without an address. */
  readonly source: Ipv4;
}

const EVERYONE: ReplyDestination = { kind: 'broadcast' };

/** Where an answer goes (RFC 2131 section 4.1, RFC 1542 section 5.4). */
export function replyDestination({ request, answer, yiaddr, source }: DestinationQuestion): ReplyDestination {
  if (request.giaddr !== 0) return { kind: 'relay', address: request.giaddr };
  // The client is to forget its address: it may not hear what is sent to it.
  if (answer === 'nak') return EVERYONE;
  // Some ROMs leave an old address in the ciaddr of a DISCOVER, and of the REQUEST for what was offered (section 4.4.1):
  // who is given another one does not use it. A BOOTP client with a ciaddr does, and answers ARP (RFC 951 section 4).
  const stale = answer === 'offer' || (answer === 'ack' && yiaddr !== 0 && yiaddr !== request.ciaddr);
  if (request.ciaddr !== 0 && !stale) return { kind: 'unicast', address: request.ciaddr };
  if ((request.flags & BROADCAST_FLAG) !== 0) return EVERYONE;
  // An INFORM that forgot ciaddr, or a proxyDHCP answer to a client that has its address from elsewhere.
  if (yiaddr === 0) return source === 0 ? EVERYONE : { kind: 'unicast', address: source };
  // Infiniband has no hardware address that we could teach the kernel (RFC 4390 section 2.2).
  const ethernet = request.htype === HardwareType.ETHERNET && request.hlen === 6;
  return ethernet ? { kind: 'neighbour', address: yiaddr, mac: request.chaddr } : EVERYONE;
}
