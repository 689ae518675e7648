import type { Inventory, Variables } from './inventory.ts';

/** What `--list` of a dynamic inventory prints; with `_meta` Ansible does not ask for each host (developing_inventory). */
export interface DynamicInventory {
  readonly _meta: { readonly hostvars: Readonly<Record<string, Variables>> };
  readonly [group: string]: unknown;
}

export function dynamicInventory({ hosts, groups, vars }: Inventory): DynamicInventory {
  const inGroups = new Set([...groups.values()].flatMap((group) => group.hosts));
  const ungrouped = [...hosts.keys()].filter((name) => !inGroups.has(name));
  return {
    _meta: { hostvars: Object.fromEntries(hosts) },
    // Hosts in this order: the order of `all` is that in which plays are run. Groups that are in no other one, Ansible adds itself.
    all: { hosts: [...hosts.keys()], vars },
    ...Object.fromEntries([...groups].map(([name, group]) => [name, { ...group }])),
    ...(ungrouped.length === 0 ? {} : { ungrouped: { hosts: ungrouped } }),
  };
}
