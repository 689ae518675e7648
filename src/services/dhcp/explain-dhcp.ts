import { decodeDhcp } from '../../codecs/dhcp/decode.ts';
import { encodeDhcp } from '../../codecs/dhcp/encode.ts';
import type { DhcpMessage } from '../../codecs/dhcp/message.ts';
import { hex } from '../../codecs/text.ts';
import type { BootInformation } from '../../domain/boot.ts';
import type { Because, ExplainedStep } from '../../domain/explanation.ts';
import { formatIpv4, formatSubnet, type Ipv4 } from '../../domain/ipv4.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type { NodePort } from '../../domain/node.ts';
import type { BootPolicy } from '../../domain/ports.ts';
import { buildNak } from './build-reply.ts';
import { type ClientIdentity, type Evidence, reservedAddress } from './client-identity.ts';
import { composeAnswer } from './compose-answer.ts';
import { decideOutcome } from './decide-outcome.ts';
import { explainOptions } from './explain-options.ts';
import { inquire, type Place } from './inquire.ts';
import { type Inquiry, readRequest } from './inquiry.ts';
import { type Desk, subnetOf } from './lease-policy.ts';
import type { OptionPlans } from './option-plans.ts';
import { NAK_TEXT, type Outcome, type Reply, type SilentReason } from './outcome.ts';
import { type ReplyDestination, replyDestination } from './reply-destination.ts';

/** What one packet would be answered. */
export interface DhcpVerdict extends Pick<ExplainedStep, 'outcome' | 'because' | 'dhcp'> {
  /** The answer as the client would get it. */
  readonly answer?: DhcpMessage;
  readonly boot?: BootInformation;
  readonly port?: NodePort;
  readonly key?: InterfaceKey;
}

/** One client's conversation with the service that does not take place: each packet is answered as it would be now. */
export interface DhcpPreview {
  /** @param packet as a client, or its relay, would send it to everyone on the interface's link */
  ask(packet: Uint8Array): DhcpVerdict;
}

const SILENCE: Readonly<Record<SilentReason, string>> = {
  stranger: 'it is neither a node nor in the reservations, and only those are served here',
  'other-server-chosen': 'it takes another server’s offer',
  'pool-full': 'the pool is full',
  'no-answer-due': 'such a message gets no answer',
  'no-identity': 'it says neither a hardware address nor a client identifier',
  'not-its-lease': 'it does not hold the address that it speaks of',
  senseless: 'the message asks for nothing',
  'not-our-network': 'it asks about a network that is not served here',
  'bootp-off': 'BOOTP clients are not served (dhcp.bootp)',
  'no-boot-client': 'another server gives addresses here; only boot clients are answered',
  'nothing-to-boot': 'another server gives addresses here, and there is nothing to boot to tell of',
};

const EVIDENCE: Readonly<Record<Evidence, string>> = {
  mac: 'its MAC address',
  'client-id': 'its client identifier (option 61)',
  'switch-port': 'its switch port (option 82)',
  uuid: 'its UUID (option 97)',
  lease: 'its lease, which remembers whose it is',
};

/** @param desk with a lease book that changes nothing */
export function createDhcpPreview(place: Place, desk: Desk, plans: OptionPlans, policy: BootPolicy): DhcpPreview {
  return {
    ask(packet) {
      const request = readRequest(decodeDhcp(packet));
      if (request === undefined) return { outcome: 'silent', because: [{ text: 'it is no request' }] };
      const inquired = inquire(request, place, 'everyone', desk);
      if (inquired.kind === 'nobody') return { outcome: 'silent', because: [{ text: SILENCE['no-identity'] }] };
      if (inquired.kind === 'not-served') {
        const { text, mend } = inquired.selection;
        return { outcome: 'refused', because: [{ text: `${text}; ${mend}` }] };
      }
      const { inquiry } = inquired;
      return verdictOf(inquiry, decideOutcome(inquiry, 'everyone', desk), desk, plans, policy);
    },
  };
}

function verdictOf(
  inquiry: Inquiry,
  outcome: Outcome,
  desk: Desk,
  plans: OptionPlans,
  policy: BootPolicy,
): DhcpVerdict {
  const { identity } = inquiry;
  const who: Because[] = [identityWords(identity), ...subnetWords(inquiry)];
  const known = { key: identity.key, ...(identity.port === undefined ? {} : { port: identity.port }) };
  switch (outcome.kind) {
    case 'silent':
      return { ...known, outcome: 'silent', because: [...who, { text: SILENCE[outcome.reason] }] };
    case 'pool-full': {
      const text = `every address of the pool of ${formatSubnet(outcome.subnet)} is leased, on offer, resting or reserved`;
      const path = ['subnets', formatSubnet(outcome.subnet), 'pools'];
      return { ...known, outcome: 'silent', because: [...who, { text, origin: { in: 'configuration', path } }] };
    }
    case 'declined':
    case 'released':
      return { ...known, outcome: 'silent', because: [...who, { text: SILENCE['no-answer-due'] }] };
    case 'nak': {
      const text = `${formatIpv4(outcome.address)} is refused: ${NAK_TEXT[outcome.reason]}`;
      const bytes = encoded(buildNak(inquiry, outcome.reason), inquiry);
      return { ...known, ...answered(bytes, inquiry, undefined, undefined, desk, plans), because: [...who, { text }] };
    }
    case 'reply': {
      const answer = composeAnswer(inquiry, outcome.reply, plans, policy);
      if (answer === undefined) {
        return { ...known, outcome: 'silent', because: [...who, { text: SILENCE['nothing-to-boot'] }] };
      }
      const { boot } = answer;
      const bytes = encoded(answer.message, inquiry);
      return {
        ...known,
        ...answered(bytes, inquiry, outcome.reply, boot, desk, plans),
        because: [...who, ...addressWords(inquiry, outcome.reply, desk), ...bootWords(boot)],
        ...(boot === undefined ? {} : { boot }),
      };
    }
  }
}

function answered(
  bytes: Uint8Array,
  inquiry: Inquiry,
  reply: Reply | undefined,
  boot: BootInformation | undefined,
  desk: Desk,
  plans: OptionPlans,
): Pick<DhcpVerdict, 'outcome' | 'dhcp' | 'answer'> {
  const answer = decodeDhcp(bytes);
  const origins =
    reply === undefined || reply.proxy === true ? new Map() : plans.origins(reply.subnet, inquiry.identity);
  const destination = replyDestination({
    request: inquiry.message,
    answer: reply?.type ?? 'nak',
    yiaddr: reply?.address ?? 0,
    source: 0,
  });
  return {
    outcome: 'answered',
    answer,
    dhcp: {
      bytes: hex(bytes),
      destination: destinationText(destination, desk.settings.port),
      fields: {
        yiaddr: formatIpv4(answer.yiaddr),
        siaddr: formatIpv4(answer.siaddr),
        giaddr: formatIpv4(answer.giaddr),
        file: answer.file,
      },
      options: explainOptions(bytes, { inquiry, reply, boot, origins, settings: desk.settings }),
    },
  };
}

function encoded(message: DhcpMessage, { maxMessageBytes }: Inquiry): Uint8Array {
  return encodeDhcp(message, maxMessageBytes === undefined ? {} : { maxMessageBytes });
}

function identityWords({ port, reservation, evidence, key, own }: ClientIdentity): Because {
  const by = evidence === undefined ? '' : `, known by ${EVIDENCE[evidence]}`;
  if (port !== undefined) {
    const { node, interface: candidate } = port;
    const text = own
      ? `it is ${node.name}’s interface ${candidate.name} (role ${candidate.role})${by}`
      : `it is another interface of ${node.name}${by}: it may boot ${node.name}, and has an address of its own`;
    return { text, origin: { in: 'node', node: node.name, field: `interfaces.${candidate.name}` } };
  }
  if (reservation !== undefined) return { text: `it is the reservation ${reservation.name}${by}` };
  return { text: `nothing enrolled or reserved has ${key.replace(/^(mac|cid):/, '')}: it is a stranger` };
}

function subnetWords({ subnets, relayed, message, at }: Inquiry): Because[] {
  const subnet = subnets[0];
  if (subnet === undefined) return [];
  const through = relayed ? `the relay ${formatIpv4(message.giaddr)}` : at.name;
  return [
    {
      text: `it asks through ${through}, which is the link of ${subnets.map(formatSubnet).join(' and ')}`,
      origin: { in: 'configuration', path: ['subnets', formatSubnet(subnet)] },
    },
  ];
}

function addressWords(inquiry: Inquiry, { address, subnet }: Reply, { leases, nodes }: Desk): Because[] {
  if (address === 0 || subnet === undefined) return [];
  const { identity, subnets } = inquiry;
  const shown = formatIpv4(address);
  const reserved = reservedAddress(identity);
  if (reserved === address) {
    const { port, reservation } = identity;
    if (port !== undefined) {
      const field = `interfaces.${port.interface.name}.address`;
      return [{ text: `${shown} is reserved for it`, origin: { in: 'node', node: port.node.name, field } }];
    }
    return [{ text: `${shown} is reserved for it, as ${reservation?.name}` }];
  }
  const instead: Because[] = reserved === undefined ? [] : [{ text: whyNotReserved(reserved, inquiry, leases, nodes) }];
  if (leases.current(identity.key, subnets)?.address === address) {
    return [...instead, { text: `it holds ${shown}`, origin: { in: 'leases' } }];
  }
  if (leases.previous(identity.key, subnets)?.address === address) {
    return [...instead, { text: `it had ${shown} before, and nobody needed it since`, origin: { in: 'leases' } }];
  }
  const text = `${shown} is the next of the pool of ${formatSubnet(subnet)}`;
  return [...instead, { text, origin: { in: 'configuration', path: ['subnets', formatSubnet(subnet), 'pools'] } }];
}

function whyNotReserved(reserved: Ipv4, inquiry: Inquiry, leases: Desk['leases'], nodes: Desk['nodes']): string {
  const shown = formatIpv4(reserved);
  if (subnetOf(reserved, inquiry.subnets) === undefined)
    return `its reserved ${shown} is not of the link where it asks`;
  const holder = leases.byAddress(reserved);
  const name = holder?.nodeId === undefined ? undefined : nodes.byId(holder.nodeId)?.name;
  return `its reserved ${shown} can’t be given now${holder === undefined ? '' : `: ${name ?? holder.mac ?? holder.key} holds it`}`;
}

function bootWords(boot: BootInformation | undefined): Because[] {
  if (boot === undefined) return [{ text: 'an operating system asks: it is told nothing of booting' }];
  return [
    {
      text:
        boot.file === undefined
          ? `it is told of no boot file: ${boot.reason}`
          : `it is told to boot ${boot.file}: ${boot.reason}`,
    },
  ];
}

function destinationText(destination: ReplyDestination, port: number): string {
  switch (destination.kind) {
    case 'relay':
      return `the relay, ${formatIpv4(destination.address)} port ${port}`;
    case 'broadcast':
      return `everyone on the link, 255.255.255.255 port ${port + 1}`;
    case 'unicast':
    case 'neighbour':
      return `${formatIpv4(destination.address)} port ${port + 1}`;
  }
}
