import { MessageType } from '../../codecs/dhcp/message.ts';
import type { SightingSink } from '../../domain/discovered-machine.ts';
import type { Ipv4 } from '../../domain/ipv4.ts';
import type { Inquiry } from './inquiry.ts';
import { saidHostname } from './lease-policy.ts';
import type { Outcome } from './outcome.ts';

/** Messages that ask for something; undefined is BOOTP. */
const QUESTIONS: ReadonlySet<MessageType | undefined> = new Set([
  undefined,
  MessageType.DISCOVER,
  MessageType.REQUEST,
  MessageType.INFORM,
]);

/**
 * Tells of whoever asks and is not known by a MAC address. Nothing is made for the packets of nodes that are: those are
 * nearly all that come.
 */
export function tellSighting(inquiry: Inquiry, outcome: Outcome, sink: SightingSink): void {
  const { port, reservation, mac, evidence } = inquiry.identity;
  if (port !== undefined && (mac === undefined || mac === port.interface.mac || evidence === 'mac')) return;
  if (reservation !== undefined || !QUESTIONS.has(inquiry.type)) return;
  if (port === undefined) {
    tellStranger(inquiry, outcome, sink);
  } else if (mac !== undefined && (evidence === 'switch-port' || evidence === 'uuid')) {
    // Another interface of a machine that has all of its own: nobody enrolled it.
    if (port.interface.mac === undefined) sink.used(port, mac, evidence);
    else tellStranger(inquiry, outcome, sink);
  }
}

function tellStranger(inquiry: Inquiry, outcome: Outcome, sink: SightingSink): void {
  const { identity, client, switchPort, at, message, relayed } = inquiry;
  const { key, mac, clientIdHex } = identity;
  const hostname = saidHostname(inquiry);
  const address = givenAddress(outcome);
  sink.saw({
    key,
    ...(mac !== undefined && { mac }),
    ...(clientIdHex !== undefined && { clientId: clientIdHex }),
    ...client,
    ...(hostname !== undefined && { hostname }),
    ...(switchPort !== undefined && { switchPort }),
    interfaceName: at.name,
    ...(relayed && { relay: message.giaddr }),
    ...(address !== undefined && { address }),
  });
}

/** An offer gives nothing yet. */
function givenAddress(outcome: Outcome): Ipv4 | undefined {
  if (outcome.kind !== 'reply' || outcome.reply.type === 'offer' || outcome.reply.address === 0) return undefined;
  return outcome.reply.address;
}
