import { type Ipv4, type Ipv4Subnet, subnetContains } from '../../domain/ipv4.ts';
import type { Settings } from '../../domain/settings.ts';

/**
 * Networks whose machines may ask for any name through an interface: its own link, the subnets behind it, and those that
 * the operator named. Everyone else gets our own names and nothing more: an open resolver is a weapon (RFC 5358).
 *
 * @param onLink networks of the interface's own addresses
 */
export function clientNetworks(
  { dns, dhcp }: Settings,
  interfaceName: string,
  onLink: readonly Ipv4Subnet[],
): readonly Ipv4Subnet[] {
  return [...onLink, ...dhcp.subnets.filter((subnet) => subnet.interfaceName === interfaceName), ...dns.clients];
}

export function isInside(address: Ipv4, networks: readonly Ipv4Subnet[]): boolean {
  for (const network of networks) if (subnetContains(network, address)) return true;
  return false;
}
