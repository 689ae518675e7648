import { architectureName } from '../../codecs/dhcp/client-architecture.ts';
import type { BootInformation } from '../../domain/boot.ts';
import type { ClientStage } from '../../domain/client.ts';
import type { BootEvent, EventSubject } from '../../domain/events.ts';
import { formatIpv4, formatSubnet, type Ipv4 } from '../../domain/ipv4.ts';
import type { SubnetSettings } from '../../domain/settings.ts';
import type { PoolCensus } from './address-pool.ts';
import type { AddressRow } from './address-row.ts';
import type { ClientIdentity } from './client-identity.ts';
import type { Inquiry } from './inquiry.ts';
import { NAK_TEXT, type NakReason, type Reply } from './outcome.ts';

const STAGE_TEXT: Readonly<Record<ClientStage, string>> = {
  pxe: 'PXE firmware',
  http: 'HTTP boot firmware',
  ipxe: 'iPXE',
  os: 'an operating system',
  bootp: 'BOOTP',
};

/** `dgx01 (52:54:00:77:00:01)`, or what there is of it. */
export function clientName({ port, reservation, mac, key }: ClientIdentity): string {
  const name = port?.node.name ?? reservation?.name;
  return name === undefined ? (mac ?? key) : `${name} (${mac ?? key})`;
}

function subjectOf({ identity, at }: Inquiry, address: Ipv4): EventSubject {
  const { key, port } = identity;
  return {
    ...(port !== undefined && { nodeId: port.node.id, nodeName: port.node.name }),
    key,
    ...(address !== 0 && { address }),
    interfaceName: at.name,
  };
}

/** Unknown machines share one line a second: anybody can invent their addresses. */
function throttleOf({ identity, at }: Inquiry): string {
  return identity.port === undefined && identity.reservation === undefined ? `strangers ${at.name}` : identity.key;
}

/** One step of a network boot. */
export function replyEvent(inquiry: Inquiry, reply: Reply, boot: BootInformation | undefined): BootEvent {
  const { client, identity } = inquiry;
  const machine = client.architecture === undefined ? '' : ` for ${architectureName(client.architecture)}`;
  const what = `${clientName(identity)}: ${STAGE_TEXT[client.stage]}${machine}`;
  const gets =
    reply.address === 0
      ? 'told'
      : reply.type === 'offer'
        ? `offered ${formatIpv4(reply.address)}`
        : `has ${formatIpv4(reply.address)}`;
  const then =
    boot === undefined
      ? ''
      : boot.file === undefined
        ? `, no boot file: ${boot.reason}`
        : `, boots ${boot.file}: ${boot.reason}`;
  return {
    type: `dhcp.${reply.type}`,
    level: client.stage === 'os' ? 'debug' : 'info',
    subject: subjectOf(inquiry, reply.address),
    text: `${what} is ${gets}${then}`.replace(' is has ', ' has '),
    throttle: throttleOf(inquiry),
    data: {
      stage: client.stage,
      ...(client.firmware !== undefined && { firmware: client.firmware }),
      ...(boot?.file !== undefined && { bootFile: boot.file }),
      ...(reply.leaseSeconds !== undefined && { leaseSeconds: reply.leaseSeconds }),
      ...(inquiry.relayed && { relay: formatIpv4(inquiry.message.giaddr) }),
    },
  };
}

/** Beside another server: a node's firmware asks, and is to go on to its disk. */
export function nothingToBootEvent(inquiry: Inquiry): BootEvent {
  const { client, identity } = inquiry;
  return {
    type: 'dhcp.nothing-to-boot',
    level: client.stage === 'os' ? 'debug' : 'info',
    subject: subjectOf(inquiry, 0),
    text: `${clientName(identity)}: ${STAGE_TEXT[client.stage]} asks what to boot, and is left to the other DHCP server: it goes on to its disk`,
    throttle: throttleOf(inquiry),
    data: { stage: client.stage },
  };
}

export function nakEvent(inquiry: Inquiry, reason: NakReason, address: Ipv4): BootEvent {
  return {
    type: 'dhcp.nak',
    level: 'info',
    subject: subjectOf(inquiry, address),
    text: `${clientName(inquiry.identity)} is refused ${formatIpv4(address)}: ${NAK_TEXT[reason]}; it will ask anew`,
    throttle: throttleOf(inquiry),
    data: { reason },
  };
}

export function releaseEvent(inquiry: Inquiry, address: Ipv4): BootEvent {
  return {
    type: 'dhcp.release',
    level: inquiry.client.stage === 'os' ? 'debug' : 'info',
    subject: subjectOf(inquiry, address),
    text: `${clientName(inquiry.identity)} gave ${formatIpv4(address)} back`,
    throttle: throttleOf(inquiry),
  };
}

export function declineEvent(inquiry: Inquiry, address: Ipv4, quarantineMs: number): BootEvent {
  return {
    type: 'dhcp.decline',
    level: 'warn',
    subject: subjectOf(inquiry, address),
    text: `${clientName(inquiry.identity)} declined ${formatIpv4(address)}: it saw another machine at it; the address rests for ${Math.round(quarantineMs / 60_000)} min`,
    mend: `find the machine with the fixed address ${formatIpv4(address)} (\`arping -I ${inquiry.at.name} ${formatIpv4(address)}\`), or take the address out of the pool`,
    throttle: throttleOf(inquiry),
  };
}

export function poolFullEvent(
  inquiry: Inquiry,
  subnet: SubnetSettings,
  census: PoolCensus | undefined,
  now: number,
): BootEvent {
  const { size = 0, leased = 0, offered = 0, quarantined = 0, reserved = 0, endingFirst = [] } = census ?? {};
  const first = endingFirst.map((row) => holderText(row, now)).join(', ');
  return {
    type: 'dhcp.pool-full',
    level: 'warn',
    subject: subjectOf(inquiry, 0),
    text:
      `${clientName(inquiry.identity)} gets no address: the pool of ${formatSubnet(subnet)} is full. Of ${size} addresses ` +
      `${leased} are leased, ${offered} on offer, ${quarantined} in quarantine, ${reserved} kept for reservations` +
      (first === '' ? '' : `; these end first: ${first}`),
    mend: `give ${formatSubnet(subnet)} a larger pool or a shorter leaseTime; reservations are served all the same`,
    data: { size, leased, offered, quarantined, reserved },
  };
}

function holderText({ address, lease, leaseEndsAt }: AddressRow, now: number): string {
  const who = lease?.hostname ?? lease?.mac ?? lease?.key ?? 'unknown';
  const left = leaseEndsAt === Number.POSITIVE_INFINITY ? 'never' : `in ${Math.ceil((leaseEndsAt - now) / 60_000)} min`;
  return `${formatIpv4(address)} (${who}, ${left})`;
}
