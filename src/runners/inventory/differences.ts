import type { ClusterSettings, RunHost } from '../../domain/hand-off.ts';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../domain/ipv4.ts';
import { rolesByHost } from './adopt.ts';
import type { AdoptedInventory } from './adopted-inventory.ts';
import { groupsOfRole, isGroupName, type RoleGroups } from './group-names.ts';
import type { Variables } from './inventory.ts';

/**
 * - `not-enrolled`  the file has a host that is no node
 * - `address`       both have an address, and not the same
 * - `groups`        the file puts a node in groups that its roles don't
 * - `not-in-file`   a node of the cluster that the file does not have: podboot adds it
 */
export type DifferenceKind = 'not-enrolled' | 'address' | 'groups' | 'not-in-file';

export interface Difference {
  readonly kind: DifferenceKind;
  readonly host: string;
  /** 1-based, in the file. */
  readonly line?: number;
  readonly message: string;
  readonly mend: string;
}

/** A host of the file that is no node, as far as it could be one. */
export interface HostToEnrol {
  readonly name: string;
  readonly line: number;
  readonly roles: readonly string[];
  readonly address?: Ipv4;
  /** As it stands there. */
  readonly mac?: string;
}

export interface Comparison {
  readonly format: AdoptedInventory['format'];
  readonly hosts: number;
  readonly groups: readonly string[];
  readonly differences: readonly Difference[];
  readonly toEnrol: readonly HostToEnrol[];
}

/** Names under which inventories have a host's MAC address. */
const MAC_NAMES = ['mac', 'mac_address', 'macaddress', 'boot_mac', 'pxe_mac'];

/** What a file says that the nodes don't, and the other way round; nothing is changed. Pure. */
export function compareWithNodes(
  adopted: AdoptedInventory,
  nodes: readonly RunHost[],
  cluster: ClusterSettings | undefined,
): Comparison {
  const { inventory, lines } = adopted;
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const roles = rolesByHost(adopted);
  const differences: Difference[] = [];
  const toEnrol: HostToEnrol[] = [];
  for (const [name, vars] of inventory.hosts) {
    const line = lines.get(name) ?? 1;
    const node = byName.get(name);
    const told = [...(roles.get(name) ?? [])].filter(isGroupName);
    const address = addressIn(vars, name);
    if (node === undefined) {
      const mac = macIn(vars);
      toEnrol.push({
        ...{ name, line, roles: told },
        ...(address === undefined ? {} : { address }),
        ...(mac === undefined ? {} : { mac }),
      });
      differences.push({
        ...{ kind: 'not-enrolled', host: name, line },
        message: `${name} is no node`,
        mend: 'podboot inventory adopt FILE enrols it; until then a run reads of it what the file says.',
      });
    } else differences.push(...differencesOf(node, { address, told, line }, cluster));
  }
  differences.push(...notInFile(adopted, nodes, cluster));
  return {
    format: adopted.format,
    hosts: inventory.hosts.size,
    groups: [...inventory.groups.keys()],
    differences,
    toEnrol,
  };
}

function differencesOf(
  node: RunHost,
  {
    address,
    told,
    line,
  }: { readonly address: Ipv4 | undefined; readonly told: readonly string[]; readonly line: number },
  cluster: ClusterSettings | undefined,
): Difference[] {
  const differences: Difference[] = [];
  if (address !== undefined && node.address !== undefined && address !== node.address) {
    differences.push({
      ...{ kind: 'address', host: node.name, line },
      message: `${node.name} is ${formatIpv4(address)} in the file and ${formatIpv4(node.address)} here`,
      mend: 'Runs use the address of the node’s record; correct the file, or the node’s interface.',
    });
  }
  const configured = cluster?.options.roleGroups as RoleGroups | undefined;
  const own = new Set(node.roles.flatMap((role) => groupsOfRole(role, cluster?.runner ?? 'playbook', configured)));
  const more = told.filter((group) => !own.has(group));
  if (more.length > 0) {
    differences.push({
      ...{ kind: 'groups', host: node.name, line },
      message: `${node.name} is in ${more.join(', ')} by the file, and not by its roles`,
      mend: `Both count. Give it the roles, to do without the file: podboot nodes set ${node.name} --role ….`,
    });
  }
  return differences;
}

function notInFile(
  { inventory }: AdoptedInventory,
  nodes: readonly RunHost[],
  cluster: ClusterSettings | undefined,
): Difference[] {
  if (cluster === undefined) return [];
  return nodes
    .filter(({ name, roles }) => !inventory.hosts.has(name) && roles.some((role) => cluster.roles.includes(role)))
    .map(({ name }) => ({
      ...{ kind: 'not-in-file', host: name },
      message: `${name} of the cluster ${cluster.name} is not in the file`,
      mend: 'podboot adds it to what runs read.',
    }));
}

/** Of SSH, else of its services; a name that is an address itself. */
function addressIn(vars: Variables, name: string): Ipv4 | undefined {
  for (const value of [vars.ansible_host, vars.ansible_ssh_host, vars.ip, name]) {
    const address = typeof value === 'string' ? parseIpv4(value) : undefined;
    if (address !== undefined) return address;
  }
  return undefined;
}

function macIn(vars: Variables): string | undefined {
  const value = MAC_NAMES.map((name) => vars[name]).find((each) => typeof each === 'string');
  return typeof value === 'string' ? value : undefined;
}
