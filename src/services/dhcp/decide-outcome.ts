import { MessageType } from '../../codecs/dhcp/message.ts';
import { handleBootp } from './handle-bootp.ts';
import { handleDecline } from './handle-decline.ts';
import { handleDiscover } from './handle-discover.ts';
import { handleInform } from './handle-inform.ts';
import { handleRelease } from './handle-release.ts';
import { handleRequest } from './handle-request.ts';
import type { Inquiry } from './inquiry.ts';
import type { Door } from './interface-sockets.ts';
import type { Desk } from './lease-policy.ts';
import type { Outcome } from './outcome.ts';
import { handleProxy } from './proxy-dhcp.ts';

/** What a message leads to, by its type and the mode of the interface. */
export function decideOutcome(inquiry: Inquiry, door: Door, desk: Desk): Outcome {
  if (inquiry.at.dhcp === 'proxy') return handleProxy(inquiry, door === 'proxy');
  switch (inquiry.type) {
    case undefined:
      return handleBootp(inquiry, desk);
    case MessageType.DISCOVER:
      return handleDiscover(inquiry, desk);
    case MessageType.REQUEST:
      return handleRequest(inquiry, desk);
    case MessageType.INFORM:
      return handleInform(inquiry);
    case MessageType.DECLINE:
      return handleDecline(inquiry, desk);
    case MessageType.RELEASE:
      return handleRelease(inquiry, desk);
    default:
      // OFFER, ACK and NAK are a server's, and come here in requests only by mistake.
      return { kind: 'silent', reason: 'senseless' };
  }
}
