import type { Obstacle, RunHost, RunnerKind, SshSettings } from '../../domain/hand-off.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { HostKeyFile } from '../ssh/ssh-arguments.ts';
import { childrenOf, rolesByHost } from './adopt.ts';
import type { AdoptedInventory } from './adopted-inventory.ts';
import { connectionVariables } from './connection-variables.ts';
import { ANSIBLE_GROUPS, groupsOfRole, isGroupName, type RoleGroups, todaysName } from './group-names.ts';
import { GroupTable } from './group-table.ts';
import { inventoryProblems } from './inventory-rules.ts';

/** What a variable of Ansible may hold; `Vaulted` comes out again as it came in. */
export type VariableValue =
  | string
  | number
  | boolean
  | null
  | readonly VariableValue[]
  | Vaulted
  | { readonly [name: string]: VariableValue };
export type Variables = Readonly<Record<string, VariableValue>>;

/** A value that `ansible-vault encrypt_string` made, by the name that Ansible's own JSON has for it. */
export interface Vaulted {
  readonly __ansible_vault: string;
}

export interface InventoryGroup {
  readonly hosts: readonly string[];
  readonly children: readonly string[];
  readonly vars: Variables;
}

/** Ansible's view of a cluster. Order is kept everywhere: the first of `kube_control_plane` is special to Kubespray. */
export interface Inventory {
  /** By name, with the host's own variables. */
  readonly hosts: ReadonlyMap<string, Variables>;
  /** Without `all`. */
  readonly groups: ReadonlyMap<string, InventoryGroup>;
  /** Of the group `all`. */
  readonly vars: Variables;
}

/** What the operator wrote of variables and groups, in a cluster's `options`. */
export interface InventoryOptions {
  /** Groups of a node's role, where the usual ones are not meant: `gpu: [kube_node, dgx-servers]`. */
  readonly roleGroups?: RoleGroups;
  /** For every host. */
  readonly vars?: Variables;
  readonly groupVars?: Readonly<Record<string, Variables>>;
  readonly hostVars?: Readonly<Record<string, Variables>>;
  /** A node's label to the variable that has its value: `platform: dgx_platform`. */
  readonly labelVars?: Readonly<Record<string, string>>;
}

export interface InventoryInput {
  readonly runner: RunnerKind;
  /** In the order in which they joined: the first member of the control plane comes first, new ones last. */
  readonly hosts: readonly RunHost[];
  readonly ssh: SshSettings;
  /** Where the keys are by which a host, or the bastion, is known. */
  readonly hostKeys: HostKeys;
  readonly options?: InventoryOptions;
  /**
   * The operator's own, which Ansible reads before this one: its hosts come first and keep their groups and addresses, its
   * groups are completed, and what it says of itself is not said again.
   */
  readonly adopted?: AdoptedInventory;
}

export interface HostKeys {
  of(name: string): HostKeyFile;
}

export interface BuiltInventory {
  readonly inventory: Inventory;
  /** What stands against a run with it; it can be looked at all the same. */
  readonly obstacles: readonly Obstacle[];
}

/** The inventory of a cluster. Pure: the same input makes the same bytes. */
export function buildInventory(input: InventoryInput): BuiltInventory {
  const { runner, options = {}, adopted } = input;
  const hosts = inFileOrder(input.hosts, adopted);
  const enrolled = new Map(hosts.map((host) => [host.name, host]));
  const told = adopted === undefined ? undefined : rolesByHost(adopted);
  const table = new GroupTable(adopted === undefined ? new Map() : childrenOf(adopted));
  for (const name of new Set([...(adopted?.inventory.hosts.keys() ?? []), ...enrolled.keys()])) {
    const groups = [
      ...(told?.get(name) ?? []),
      ...(enrolled.get(name)?.roles ?? []).flatMap((role) => groupsOfRole(role, runner, options.roleGroups)),
    ];
    for (const group of groups) if (isUsable(group)) table.addHost(group, name);
  }
  table.completeKubernetes();
  table.completeSlurm();
  for (const [group, vars] of Object.entries(options.groupVars ?? {})) {
    if (isUsable(todaysName(group))) table.addVars(todaysName(group), vars);
  }
  table.addOldSpellings();

  const connection = connectionVariables({ ...input, hosts });
  const members = table.hostsOf('etcd');
  const inventory: Inventory = {
    vars: { ...connection.vars, ...(options.groupVars?.all ?? {}), ...(options.vars ?? {}) },
    hosts: new Map(
      hosts.map((host) => [
        host.name,
        {
          ...withoutSaid({ ...addresses(host), ...member(members.indexOf(host.name)) }, adopted, host.name),
          ...connection.hostVars.get(host.name),
          ...labelled(host, options.labelVars),
          ...(options.hostVars?.[host.name] ?? {}),
        },
      ]),
    ),
    groups: table.groups(),
  };
  return { inventory, obstacles: inventoryProblems(input, inventory) };
}

/** Hosts of the file in its order, then the others: the control plane of a cluster that stands keeps its first member. */
function inFileOrder(hosts: readonly RunHost[], adopted: AdoptedInventory | undefined): readonly RunHost[] {
  if (adopted === undefined) return hosts;
  const enrolled = new Map(hosts.map((host) => [host.name, host]));
  const known = [...adopted.inventory.hosts.keys()].flatMap((name) => enrolled.get(name) ?? []);
  return [...new Set([...known, ...hosts])];
}

/**
 * Where SSH goes to, the node's record says. What the file says of the addresses that services use, and of the name in etcd,
 * stands in the cluster already.
 */
function withoutSaid(vars: Variables, adopted: AdoptedInventory | undefined, host: string): Variables {
  const said = adopted?.inventory.hosts.get(host);
  if (said === undefined) return vars;
  // Its addresses are of one mind: where it has none for services, they use the one that it has for SSH.
  const kept = Object.entries(vars).filter(([name]) => name === 'ansible_host' || (name !== 'ip' && !(name in said)));
  return Object.fromEntries(kept);
}

function isUsable(group: string): boolean {
  return isGroupName(group) && !ANSIBLE_GROUPS.has(group);
}

/** `ip` is what Kubespray's services bind to; DeepOps has `ib_bond_addr` with its prefix. */
function addresses(host: RunHost): Variables {
  const address = host.address === undefined ? undefined : formatIpv4(host.address);
  return {
    ...(address === undefined ? {} : { ansible_host: address, ip: address }),
    ...(host.infinibandAddress === undefined ? {} : { ib_bond_addr: host.infinibandAddress }),
  };
}

/** Kubespray's own default, by the place in the group: told, so that it is seen. */
function member(index: number): Variables {
  return index === -1 ? {} : { etcd_member_name: `etcd${index + 1}` };
}

function labelled(host: RunHost, labelVars: Readonly<Record<string, string>> = {}): Variables {
  const found = Object.entries(labelVars).flatMap(([label, variable]): [string, string][] => {
    const value = host.labels?.[label];
    return value === undefined ? [] : [[variable, value]];
  });
  return Object.fromEntries(found);
}
