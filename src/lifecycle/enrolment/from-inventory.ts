import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import type { MacAddress } from '../../domain/mac.ts';
import type { ImportedNode, ImportReading } from './imported-node.ts';

/** A host of an Ansible inventory that is no node yet. */
export interface InventoryHost {
  readonly name: string;
  readonly line: number;
  readonly roles: readonly string[];
  readonly address?: Ipv4;
  readonly mac?: string;
}

/**
 * An inventory has addresses and no machines. Where a host's MAC address does not stand in it, the machine that has the address
 * now is it; without either the host stays what it is, and that is told.
 * @param macAt of the lease or the machine that has an address
 */
export function readInventoryHosts(
  hosts: readonly InventoryHost[],
  macAt: (address: Ipv4) => MacAddress | undefined,
): Omit<ImportReading, 'format'> {
  const nodes: ImportedNode[] = [];
  const notes: { path: string; line: number; message: string; mend: string }[] = [];
  for (const { name, line, roles, address, mac } of hosts) {
    const found = mac ?? (address === undefined ? undefined : macAt(address));
    if (found === undefined) {
      notes.push({
        ...{ path: 'mac', line },
        message: `${name} is not enrolled: nothing tells which machine it is.`,
        mend: 'Add mac=… to its line, or boot it from the network once; or podboot enrol it with its serial number.',
      });
      continue;
    }
    nodes.push({
      place: { line },
      name,
      fields: { roles },
      interfaces: [
        {
          ...{ name: 'boot', nameIsMadeUp: true, role: 'boot', mac: found },
          ...(address === undefined ? {} : { address: formatIpv4(address) }),
        },
      ],
      placeOf: () => ({ line }),
    });
  }
  return { nodes, problems: [], notes };
}
