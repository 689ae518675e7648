import { InvalidInput } from '../../domain/errors.ts';
import { type AdoptedInventory, MAX_FILE_BYTES } from './adopted-inventory.ts';
import { todaysName } from './group-names.ts';
import type { Inventory, InventoryGroup, Variables } from './inventory.ts';
import { readIni } from './read-ini.ts';
import { readYaml } from './read-yaml.ts';

/**
 * An inventory that the operator has, as DeepOps' `config/inventory`. By its content: YAML begins with a key.
 *
 * @throws InvalidInput where it is none that can be read at all: too large, no text, a program
 */
export function readInventory(bytes: Uint8Array): AdoptedInventory {
  if (bytes.length > MAX_FILE_BYTES) {
    throw refused(`It has more than ${MAX_FILE_BYTES / 1024 / 1024} MiB.`, 'Name an inventory.');
  }
  const text = decoded(bytes);
  if (text.startsWith('#!')) {
    const mend = 'Print what it says into a file: ansible-inventory -i IT --list --yaml --export > inventory.yaml.';
    throw refused('It is a program, a dynamic inventory.', mend);
  }
  return isYaml(text) ? readYaml(text) : readIni(text);
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('It is not in UTF-8.', 'Save it as UTF-8.');
  }
}

/** The first line that says something: `---`, `all:` or `{`; hosts and sections of INI never look like that. */
function isYaml(text: string): boolean {
  for (const line of text.split('\n')) {
    const said = line.trim();
    if (said === '' || said.startsWith('#') || said.startsWith(';')) continue;
    return /^(?:---|%YAML|\{|["']?[\w.-]+["']?\s*:(?:\s|$))/.test(said);
  }
  return false;
}

function refused(message: string, mend: string): InvalidInput {
  return new InvalidInput('The inventory can’t be read.', [{ path: '', message, mend, line: 1 }]);
}

/** Children of each group, for `GroupTable`. */
export function childrenOf({ inventory }: AdoptedInventory): ReadonlyMap<string, readonly string[]> {
  return new Map([...inventory.groups].map(([name, { children }]) => [name, children]));
}

/** Of each host, roles that make the same groups of it again: its groups in today's spelling, not those above them. */
export function rolesByHost({ inventory }: AdoptedInventory): ReadonlyMap<string, ReadonlySet<string>> {
  const roles = new Map<string, Set<string>>();
  for (const [group, { hosts }] of inventory.groups) {
    for (const host of hosts) roles.set(host, (roles.get(host) ?? new Set()).add(todaysName(group)));
  }
  return roles;
}

/**
 * Both as one, for whoever is shown it: as Ansible merges two sources, what is said last counts. Runs do not need it: they
 * read the adopted file byte for byte, and podboot's beside it.
 */
export function mergeInventories(first: Inventory, second: Inventory): Inventory {
  const hosts = new Map<string, Variables>(first.hosts);
  for (const [name, vars] of second.hosts) hosts.set(name, { ...hosts.get(name), ...vars });
  const groups = new Map<string, InventoryGroup>(first.groups);
  for (const [name, group] of second.groups) {
    const known = groups.get(name);
    groups.set(name, {
      hosts: [...new Set([...(known?.hosts ?? []), ...group.hosts])],
      children: [...new Set([...(known?.children ?? []), ...group.children])],
      vars: { ...known?.vars, ...group.vars },
    });
  }
  return { hosts, groups, vars: { ...first.vars, ...second.vars } };
}
