import { type DhcpMessage, HardwareType } from '../../codecs/dhcp/message.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import { hex } from '../../codecs/text.ts';
import type { Ipv4 } from '../../domain/ipv4.ts';
import { clientIdKey, type InterfaceKey, type Lease, macKey } from '../../domain/lease.ts';
import { isUnicastMac, type MacAddress, macFromBytes } from '../../domain/mac.ts';
import type { NodePort, SwitchPort } from '../../domain/node.ts';
import type { NodeDirectory } from '../../domain/ports.ts';
import type { ReservationSettings } from '../../domain/settings.ts';
import type { ReservationIndex } from './reservation-index.ts';

/** What told who the client is; `lease`: an earlier packet of the same client told it. */
export type Evidence = 'mac' | 'client-id' | 'switch-port' | 'uuid' | 'lease';

/** Who asks. */
export interface ClientIdentity {
  readonly key: InterfaceKey;
  readonly mac?: MacAddress;
  /** Option 61 in lower-case hex. */
  readonly clientIdHex?: string;
  /** The node that asks. */
  readonly port?: NodePort;
  readonly reservation?: ReservationSettings;
  readonly evidence?: Evidence;
  /**
   * True: it is the very interface (or owner of the reservation), and its reserved address is the client's. False: it is
   * another interface of that machine, which may boot it but has an address of its own.
   */
  readonly own: boolean;
}

export interface IdentitySources {
  readonly nodes: NodeDirectory;
  readonly reservations: ReservationIndex;
  /** The last lease of a client in any state. */
  readonly leases: { lastOf(key: InterfaceKey): Lease | undefined };
}

/** What a packet says about its sender beside its addresses. */
export interface Testimony {
  readonly switchPort?: SwitchPort;
  readonly uuid?: string;
  /** Whether its own words say that it is a BMC. Asked where it matters only. */
  readonly isBmc?: () => boolean;
}

interface Match {
  readonly port?: NodePort;
  readonly reservation?: ReservationSettings;
}

/**
 * Finds who asks: by MAC address, then client identifier, then switch port, then UUID, then by what the client's lease
 * remembers (an operating system renews without option 97, and without the relay's option 82). Nodes before reservations.
 *
 * The key is the interface's own and not the client identifier's: PXE, iPXE, the installer and the operating system send
 * four identifiers through one interface, and all are to get one address.
 *
 * Returns undefined for a message that names nobody: no hardware address, no client identifier.
 */
export function identifyClient(
  message: DhcpMessage,
  testimony: Testimony,
  sources: IdentitySources,
): ClientIdentity | undefined {
  const mac = hardwareAddress(message);
  const clientIdHex = clientIdentifier(message);
  const ownKey =
    mac !== undefined ? macKey(mac) : clientIdHex !== undefined ? clientIdKey(clientIdHex) : fallbackKey(message);
  if (ownKey === undefined) return undefined;

  let evidence: Evidence | undefined;
  let match: Match | undefined;
  const { nodes, reservations } = sources;
  if (mac !== undefined) {
    match = matchOf(nodes.byMac(mac), reservations.byMac(mac));
    if (match !== undefined) evidence = 'mac';
  }
  if (match === undefined && clientIdHex !== undefined) {
    match = matchOf(nodes.byClientId(clientIdHex), reservations.byClientId(clientIdHex));
    if (match !== undefined) evidence = 'client-id';
  }
  if (match === undefined && testimony.switchPort !== undefined) {
    const port = nodes.bySwitchPort(testimony.switchPort);
    // A BMC that shares its machine's port (NC-SI) is not the interface that boots there.
    const isShared = port?.interface.role === 'boot' && testimony.isBmc?.() === true;
    match = matchOf(isShared ? undefined : port, reservations.bySwitchPort(testimony.switchPort));
    if (match !== undefined) evidence = 'switch-port';
  }
  if (match === undefined && testimony.uuid !== undefined) {
    match = matchOf(nodes.byUuid(testimony.uuid), reservations.byUuid(testimony.uuid));
    if (match !== undefined) evidence = 'uuid';
  }
  if (match === undefined) {
    match = rememberedMatch(ownKey, testimony, sources);
    if (match !== undefined) evidence = 'lease';
  }

  const own = match !== undefined && isOwn(match, mac, clientIdHex);
  return {
    key: own ? (interfaceKey(match?.port) ?? ownKey) : ownKey,
    ...(mac !== undefined && { mac }),
    ...(clientIdHex !== undefined && { clientIdHex }),
    ...match,
    ...(evidence !== undefined && { evidence }),
    own,
  };
}

/** The address that nobody else is given; undefined: the client takes one from a pool. */
export function reservedAddress({ own, port, reservation }: ClientIdentity): Ipv4 | undefined {
  return own ? (port?.interface.address ?? reservation?.address) : undefined;
}

/** Enrolled or reserved, through whichever of its interfaces. */
export function isKnown({ port, reservation }: ClientIdentity): boolean {
  return port !== undefined || reservation !== undefined;
}

function matchOf(port: NodePort | undefined, reservation: ReservationSettings | undefined): Match | undefined {
  if (port !== undefined) return { port };
  return reservation === undefined ? undefined : { reservation };
}

/**
 * A UUID is the machine's, and so may a client identifier be (systemd's DUID over all interfaces, a bond): an interface
 * whose MAC address is known to be another one is not this one, and must not fight over its address.
 */
function isOwn({ port, reservation }: Match, mac: MacAddress | undefined, clientIdHex: string | undefined): boolean {
  const expected = port === undefined ? reservation?.match : port.interface;
  if (expected?.mac !== undefined && mac !== undefined) return expected.mac === mac;
  if (expected?.clientId !== undefined && mac === undefined) return expected.clientId === clientIdHex;
  return true;
}

function interfaceKey(port: NodePort | undefined): InterfaceKey | undefined {
  if (port?.interface.mac !== undefined) return macKey(port.interface.mac);
  // Without a MAC address of its own, the interface goes by whatever the client brings: PXE on Ethernet sends a client
  // identifier or none, and the key has to be the same for both.
  return undefined;
}

/** Only where the packet itself says nothing: a machine that was moved to another port is not the old port's any more. */
function rememberedMatch(key: InterfaceKey, testimony: Testimony, sources: IdentitySources): Match | undefined {
  const lease = sources.leases.lastOf(key);
  if (lease === undefined) return undefined;
  if (lease.reservation !== undefined) {
    const reservation = sources.reservations.byName(lease.reservation);
    return reservation !== undefined && isRemembered(reservation.match, testimony) ? { reservation } : undefined;
  }
  const node = lease.nodeId === undefined ? undefined : sources.nodes.byId(lease.nodeId);
  if (node === undefined) return undefined;
  const held = node.interfaces.find((each) => each.address === lease.address && each.mac === undefined);
  const chosen = held ?? node.interfaces.find((each) => each.role === 'boot') ?? node.interfaces[0];
  if (chosen === undefined) return undefined;
  const expected = {
    ...(chosen.mac !== undefined && { mac: chosen.mac }),
    ...(chosen.switchPort !== undefined && { switchPort: chosen.switchPort }),
    ...(node.uuid !== undefined && { uuid: node.uuid }),
  };
  return isRemembered(expected, testimony) ? { port: { node, interface: chosen } } : undefined;
}

/**
 * An interface that is known by its MAC address alone needs no memory: a NIC that was taken out of a node must not boot
 * as that node in its next machine.
 */
function isRemembered(expected: Testimony & { readonly mac?: MacAddress }, testimony: Testimony): boolean {
  const byMacAlone = expected.mac !== undefined && expected.uuid === undefined && expected.switchPort === undefined;
  return !byMacAlone && !contradicts(expected, testimony);
}

function contradicts(expected: Testimony, testimony: Testimony): boolean {
  if (expected.uuid !== undefined && testimony.uuid !== undefined) return expected.uuid !== testimony.uuid;
  return expected.switchPort !== undefined && testimony.switchPort !== undefined;
}

/** Undefined on Infiniband (RFC 4390: hlen 0), and for what no interface owns. */
function hardwareAddress({ hlen, chaddr, htype }: DhcpMessage): MacAddress | undefined {
  if (hlen !== 6 || htype === HardwareType.INFINIBAND) return undefined;
  const mac = macFromBytes(chaddr);
  return isUnicastMac(mac) ? mac : undefined;
}

function clientIdentifier({ options }: DhcpMessage): string | undefined {
  const value = options.get(OptionCode.clientIdentifier);
  return value === undefined || value.length === 0 ? undefined : hex(value);
}

/**
 * A hardware address that is no Ethernet one, in the form of a client identifier: htype, then the address
 * (RFC 2132 section 9.14).
 */
function fallbackKey({ hlen, htype, chaddr }: DhcpMessage): InterfaceKey | undefined {
  if (hlen === 0 || hlen === 6) return undefined;
  return clientIdKey(hex(Uint8Array.of(htype, ...chaddr)));
}
