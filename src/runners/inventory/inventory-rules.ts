import type { Obstacle } from '../../domain/hand-off.ts';
import { ANSIBLE_GROUPS, groupsOfRole, isGroupName } from './group-names.ts';
import type { Inventory, InventoryInput, Variables } from './inventory.ts';

/** RFC 1123 section 2.1; DeepOps gives hosts the names that stand in the inventory. */
const HOST_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
/** Connection passwords of Ansible: an inventory is printed, and these would be too. */
const PASSWORD_NAME = /^ansible_(?:\w+_)?pass(?:word|phrase)?$/;
const MAX_TOLD = 10;

/** What Ansible, Kubespray or DeepOps would refuse once they run, or take for something else. */
export function inventoryProblems(input: InventoryInput, inventory: Inventory): Obstacle[] {
  return [
    ...nameProblems(inventory),
    ...addressProblems(input),
    ...groupProblems(input, inventory),
    ...etcdProblems(inventory),
    ...variableProblems(input),
  ];
}

function nameProblems({ hosts, groups }: Inventory): Obstacle[] {
  const wrong = [...hosts.keys()].filter((name) => !HOST_NAME.test(name));
  const both = [...hosts.keys()].filter((name) => groups.has(name) || ANSIBLE_GROUPS.has(name));
  return [
    ...told(wrong, 'inventory-host-name', (names) => ({
      message: `${names} can’t be a host name (RFC 1123 label)`,
      mend: 'Rename it: lower-case letters, digits and hyphens, 1 to 63 of them, as in dgx01.',
    })),
    ...told(both, 'inventory-host-is-group', (names) => ({
      message: `${names} is the name of a host and of a group, which Ansible can’t tell apart`,
      mend: 'Rename the node, or take that role from the nodes that have it.',
    })),
  ];
}

function addressProblems({ hosts, options = {}, adopted }: InventoryInput): Obstacle[] {
  const without = hosts.filter(
    ({ name, address }) =>
      address === undefined &&
      options.hostVars?.[name]?.ansible_host === undefined &&
      adopted?.inventory.hosts.has(name) !== true,
  );
  const names = without.map(({ name }) => name);
  return told(names, 'inventory-no-address', (some) => ({
    message: `${some} has no address, reserved or leased`,
    mend: 'Give its boot interface an address (podboot nodes set), or boot it once so that it gets a lease.',
  }));
}

function groupProblems({ hosts, runner, options = {}, adopted }: InventoryInput, { groups }: Inventory): Obstacle[] {
  const wanted = new Set(
    hosts.flatMap(({ roles }) => roles.flatMap((role) => groupsOfRole(role, runner, options.roleGroups))),
  );
  const wrong = [...wanted, ...Object.keys(options.groupVars ?? {}).filter((name) => name !== 'all')].filter(
    (name) => !isGroupName(name) || ANSIBLE_GROUPS.has(name),
  );
  const strangers = Object.keys(options.hostVars ?? {}).filter(
    (name) => !hosts.some((host) => host.name === name) && adopted?.inventory.hosts.has(name) !== true,
  );
  const isEmpty = hosts.length > 0 && groups.size === 0;
  return [
    ...told(wrong, 'inventory-group-name', (names) => ({
      message: `${names} can’t be the name of a group`,
      mend: 'Use letters, digits, underscores and hyphens; or say in roleGroups which groups the role means.',
    })),
    ...told(strangers, 'inventory-host-vars', (names) => ({
      message: `hostVars speaks of ${names}, which is not in the cluster`,
      mend: 'Look at the spelling, or remove it.',
    })),
    ...(isEmpty
      ? [
          {
            code: 'inventory-no-groups',
            message: 'no host is in any group, so no playbook would touch it',
            mend: 'Give the nodes roles, as kube_node or slurm-node (podboot nodes set NODE --role …).',
          },
        ]
      : []),
  ];
}

/** Kubespray asserts it at run time, after it has changed hosts. */
function etcdProblems({ groups }: Inventory): Obstacle[] {
  const members = groups.get('etcd')?.hosts ?? [];
  if (members.length === 0 || members.length % 2 === 1) return [];
  return [
    {
      code: 'inventory-even-etcd',
      message: `etcd has ${members.length} members (${list(members)}); an even number can’t outvote the loss of half of it`,
      mend: 'Give the role etcd to one node more or to one less: 1, 3 or 5 of them.',
    },
  ];
}

function variableProblems({ options = {} }: InventoryInput): Obstacle[] {
  const places: [string, Variables][] = [
    ['vars', options.vars ?? {}],
    ...Object.entries(options.groupVars ?? {}).map(([name, vars]): [string, Variables] => [`groupVars.${name}`, vars]),
    ...Object.entries(options.hostVars ?? {}).map(([name, vars]): [string, Variables] => [`hostVars.${name}`, vars]),
  ];
  const names = places.flatMap(([place, vars]) => Object.keys(vars).map((name) => ({ place, name })));
  const labels = Object.values(options.labelVars ?? {}).map((name) => ({ place: 'labelVars', name }));
  const all = [...names, ...labels];
  const wrong = all.filter(({ name }) => !VARIABLE_NAME.test(name)).map(({ place, name }) => `${place}.${name}`);
  const passwords = all.filter(({ name }) => PASSWORD_NAME.test(name)).map(({ place, name }) => `${place}.${name}`);
  return [
    ...told(wrong, 'inventory-variable-name', (some) => ({
      message: `${some} can’t be the name of a variable`,
      mend: 'Use letters, digits and underscores, with no digit first.',
    })),
    ...told(passwords, 'inventory-password', (some) => ({
      message: `${some} is a password, and an inventory is printed`,
      mend: 'Use a key and sudo without a password; what has to be secret goes into a file of mode 0600 in varsFiles.',
    })),
  ];
}

function told(
  names: readonly string[],
  code: string,
  words: (names: string) => { readonly message: string; readonly mend: string },
): Obstacle[] {
  return names.length === 0 ? [] : [{ code, ...words(list(names)) }];
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MAX_TOLD).map((name) => (name.length > 64 ? `${name.slice(0, 63)}…` : name));
  return names.length > MAX_TOLD ? `${shown.join(', ')} and ${names.length - MAX_TOLD} more` : shown.join(', ');
}
