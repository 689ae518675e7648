import { HostRefused, NotFound } from '../domain/errors.ts';
import {
  broadcastAddress,
  formatIpv4,
  type Ipv4,
  type Ipv4Range,
  type Ipv4Subnet,
  netmask,
  subnetContains,
} from '../domain/ipv4.ts';
import type { HostAddress, HostInterface } from './host-facts.ts';
import type { HostNetwork } from './host-network.ts';
import { didYouMean } from './suggest.ts';

/** As many machines as a large pod has, with some to spare; a /8 need not be given away. */
const MAX_POOL = 4096;

/** What a configuration for one interface would say. */
export interface Proposal {
  readonly interfaceName: string;
  readonly address: Ipv4;
  readonly subnet: Ipv4Subnet;
  /** The other addresses of the interface. */
  readonly others: readonly HostAddress[];
  /** `proxy` where a DHCP server is likely there already. */
  readonly dhcp: 'authoritative' | 'proxy';
  /** Absent where no address is left. */
  readonly pool?: Ipv4Range;
  /** What machines can use as their router. */
  readonly router?: Ipv4;
  /** Our own gateway, where it is on another link. */
  readonly gatewayElsewhere?: Ipv4;
  readonly nameServers: readonly Ipv4[];
  readonly domain?: string;
}

/**
 * @throws NotFound if there is no such interface
 * @throws HostRefused if it has no address that a subnet could be made from
 */
export function proposeConfig(network: HostNetwork, interfaceName: string): Proposal {
  const found = network.interfaces.find((candidate) => candidate.name === interfaceName);
  if (found === undefined) throw unknownInterface(network, interfaceName);
  const [own, ...others] = usableAddresses(found);
  if (own === undefined) throw withoutSubnet(found);
  const mask = netmask(own.prefixLength);
  const subnet = { network: (own.address & mask) >>> 0, prefixLength: own.prefixLength };
  const route = network.defaultRoutes[0];
  const gateway = route === undefined || route.gateway === 0 ? undefined : route.gateway;
  const isUplink = network.defaultRoutes.some((candidate) => candidate.interfaceName === interfaceName);
  const onLink = gateway !== undefined && subnetContains(subnet, gateway);
  const router = onLink ? gateway : network.forwards ? own.address : undefined;
  const taken = [...found.addresses.map((entry) => entry.address), gateway ?? 0, ...network.nameServers];
  const pool = proposePool(subnet, taken);
  return {
    interfaceName,
    address: own.address,
    subnet,
    others,
    dhcp: isUplink ? 'proxy' : 'authoritative',
    ...(pool === undefined ? {} : { pool }),
    ...(router === undefined ? {} : { router }),
    ...(gateway === undefined || onLink ? {} : { gatewayElsewhere: gateway }),
    // A server on another network is only of use to machines that have a router.
    nameServers: network.nameServers.filter((server) => router !== undefined || subnetContains(subnet, server)),
    ...(network.domain === undefined ? {} : { domain: network.domain }),
  };
}

/** The largest part of the subnet's upper half that nobody has yet; of the whole subnet where there is none. */
export function proposePool(subnet: Ipv4Subnet, taken: readonly Ipv4[]): Ipv4Range | undefined {
  const first = subnet.network + 1;
  const last = broadcastAddress(subnet) - 1;
  const middle = subnet.network + Math.floor((broadcastAddress(subnet) - subnet.network + 1) / 2);
  const free = largestGap({ first: middle, last }, taken) ?? largestGap({ first, last }, taken);
  return free === undefined ? undefined : { first: free.first, last: Math.min(free.last, free.first + MAX_POOL - 1) };
}

function largestGap(range: Ipv4Range, taken: readonly Ipv4[]): Ipv4Range | undefined {
  const inside = [...new Set(taken)].filter((address) => address >= range.first && address <= range.last);
  const edges = [range.first - 1, ...inside.sort((a, b) => a - b), range.last + 1];
  let best: Ipv4Range | undefined;
  for (const [index, edge] of edges.entries()) {
    const next = edges[index + 1];
    if (next === undefined || next - edge < 2) continue;
    const gap = { first: edge + 1, last: next - 1 };
    if (best === undefined || gap.last - gap.first > best.last - best.first) best = gap;
  }
  return best;
}

/** An address with room for machines around it; link-local ones are made up by the host itself (RFC 3927). */
function usableAddresses(found: HostInterface): HostAddress[] {
  return found.addresses.filter(({ address, prefixLength }) => prefixLength <= 30 && address >>> 16 !== 0xa9fe);
}

function unknownInterface(network: HostNetwork, name: string): NotFound {
  const names = candidates(network).map((candidate) => candidate.name);
  const near = didYouMean(name, names);
  const listing = `This machine has ${names.join(', ') || 'none but lo'}.`;
  return new NotFound(`this machine has no interface ${name}`, near === undefined ? listing : `${near} ${listing}`);
}

function withoutSubnet(found: HostInterface): HostRefused {
  const has = found.addresses.map((own) => `${formatIpv4(own.address)}/${own.prefixLength}`).join(', ');
  return new HostRefused(
    has === ''
      ? `${found.name} has no IPv4 address`
      : `${found.name} has ${has}: no network that has room for machines`,
    `Give it one, for example \`ip addr add 10.77.0.1/24 dev ${found.name}\`, and run podboot init again.`,
  );
}

export interface Candidate {
  readonly name: string;
  readonly addresses: readonly HostAddress[];
  readonly up: boolean;
  /** The way to everyone else: most likely another DHCP server is there. */
  readonly isUplink: boolean;
  /** Bridges and tunnels of containers and virtual machines. */
  readonly isVirtual: boolean;
}

const VIRTUAL =
  /^(docker|veth|virbr|vnet|br-|cni|flannel|cali|kube|lxc|lxd|podman|tailscale|wg|tun|tap|ifb|dummy|sit|gre)/;

/** The interfaces that podboot could serve, the best ones first. */
export function candidates(network: HostNetwork): Candidate[] {
  const uplinks = new Set(network.defaultRoutes.map((route) => route.interfaceName));
  const list = network.interfaces
    .filter((found) => !found.loopback)
    .map((found) => ({
      name: found.name,
      addresses: usableAddresses(found),
      up: found.up,
      isUplink: uplinks.has(found.name),
      isVirtual: VIRTUAL.test(found.name),
    }));
  const rank = (entry: Candidate): number =>
    (entry.addresses.length === 0 ? 4 : 0) + (entry.isUplink ? 2 : 0) + (entry.isVirtual ? 1 : 0);
  return list.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
