import { NotFound } from '../domain/errors.ts';
import { type Ipv4, subnetContains } from '../domain/ipv4.ts';
import type { Settings } from '../domain/settings.ts';

export interface Place {
  readonly interfaceName: string;
  /** Ours on the interface. */
  readonly serverAddress: Ipv4;
  /** giaddr; absent on the interface's own link. */
  readonly relay?: Ipv4;
}

/**
 * Where a machine asks: as told; else where its address belongs; else on the first interface with DHCP.
 *
 * @param address reserved for it or leased to it
 * @throws NotFound where no interface has DHCP, or not the one that was named
 */
export function choosePlace(
  told: { readonly interfaceName?: string; readonly relay: Ipv4 | undefined },
  address: Ipv4 | undefined,
  settings: Settings,
): Place {
  const served = settings.interfaces.filter(({ dhcp }) => dhcp !== 'off');
  const subnet =
    address === undefined ? undefined : settings.dhcp.subnets.find((candidate) => subnetContains(candidate, address));
  const wanted = told.interfaceName ?? subnet?.interfaceName ?? served[0]?.name;
  const at = served.find(({ name }) => name === wanted);
  if (at === undefined) {
    const names = served.map(({ name }) => name).join(', ') || 'none';
    throw new NotFound(`DHCP is not served on ${wanted ?? 'any interface'}.`, `It is on: ${names}.`);
  }
  const behind = subnet !== undefined && subnet.interfaceName === at.name && !subnetContains(subnet, at.address);
  const relay = told.relay ?? (behind ? subnet.relays[0] : undefined);
  return { interfaceName: at.name, serverAddress: at.address, ...(relay === undefined ? {} : { relay }) };
}
