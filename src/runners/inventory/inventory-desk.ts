import { InvalidInput, NotFound } from '../../domain/errors.ts';
import type { ClusterSettings, Obstacle, RunHost } from '../../domain/hand-off.ts';
import { mergeInventories, readInventory } from './adopt.ts';
import { type Comparison, compareWithNodes } from './differences.ts';
import type { HostKeys, Inventory } from './inventory.ts';
import { type PlannedInventory, planInventory } from './plan-inventory.ts';
import { renderIni } from './render-ini.ts';
import { dynamicInventory } from './render-json.ts';
import { renderYaml } from './render-yaml.ts';

export const INVENTORY_FORMATS = ['ini', 'yaml', 'json'] as const;
export type InventoryFormat = (typeof INVENTORY_FORMATS)[number];

export interface ShownInventory {
  readonly format: InventoryFormat;
  readonly text: string;
  /** SHA-256 of what a run would get, in hex; of several clusters there is none. */
  readonly hash?: string;
  /** What stands against a run with it. */
  readonly obstacles: readonly Obstacle[];
}

export interface InventoryDeskParts {
  readonly clusters: () => readonly ClusterSettings[];
  /** In the order in which they joined. */
  readonly membersOf: (cluster: ClusterSettings) => readonly RunHost[];
  readonly hostKeys: HostKeys;
  /** Everybody who is enrolled. */
  readonly everybody: () => readonly RunHost[];
}

/** Inventories as people and Ansible ask for them, made of the nodes as they are at that moment. */
export class InventoryDesk {
  readonly #parts: InventoryDeskParts;

  constructor(parts: InventoryDeskParts) {
    this.#parts = parts;
  }

  /** @param cluster its name; absent: all of them in one. @throws NotFound, InvalidInput for what the format can't hold */
  show(format: InventoryFormat, cluster?: string): ShownInventory {
    const chosen = this.#chosen(cluster);
    const planned = chosen.map((each) => planInventory(each, this.#parts.membersOf(each), this.#parts.hostKeys));
    const [only] = planned;
    const obstacles = planned.flatMap((each) => each.obstacles);
    if (only !== undefined && planned.length === 1) {
      return { format, text: textOf(only, format), hash: only.hash, obstacles };
    }
    const merged = planned
      .map((each, index) => ofCluster(chosen[index]?.name ?? '', whole(each)))
      .reduce(mergeInventories, { hosts: new Map(), groups: new Map(), vars: {} });
    return { format, text: rendered(merged, format), obstacles };
  }

  /**
   * What an operator's inventory says beside what is enrolled.
   * @throws InvalidInput with every problem and its line where Ansible would not take it
   */
  compare(file: Uint8Array, cluster?: string): Comparison {
    const adopted = readInventory(file);
    if (adopted.problems.length > 0) throw new InvalidInput('Ansible would not take this inventory.', adopted.problems);
    const [settings] = cluster === undefined ? this.#parts.clusters() : this.#chosen(cluster);
    return compareWithNodes(adopted, this.#parts.everybody(), settings);
  }

  #chosen(name: string | undefined): readonly ClusterSettings[] {
    const clusters = this.#parts.clusters();
    const chosen = name === undefined ? clusters : clusters.filter((each) => each.name === name);
    if (chosen.length > 0) return chosen;
    const names = clusters.map((each) => each.name).join(', ');
    if (name === undefined || clusters.length === 0) {
      throw new NotFound(
        'There is no cluster yet.',
        'Write one below clusters in podboot.yaml: it says which roles belong to it.',
      );
    }
    throw new NotFound(`There is no cluster ${name}.`, `There are: ${names}.`);
  }
}

/** What Ansible makes of the adopted file and podboot's beside it. */
function whole({ adopted, inventory }: PlannedInventory): Inventory {
  return adopted === undefined ? inventory : mergeInventories(adopted.inventory, inventory);
}

function textOf(planned: PlannedInventory, format: InventoryFormat): string {
  const { adopted, files } = planned;
  if (format !== 'ini' || adopted === undefined) return rendered(whole(planned), format);
  if (adopted.format === 'yaml') return renderIni(whole(planned));
  // In one file, too, what is said last counts: the operator's own stays as it is, with its comments.
  const own = files.find(({ path }) => path.endsWith('/adopted'))?.content ?? '';
  return `${own.endsWith('\n') || own === '' ? own : `${own}\n`}\n# Added by podboot\n\n${renderIni(planned.inventory)}`;
}

function rendered(inventory: Inventory, format: InventoryFormat): string {
  switch (format) {
    case 'ini':
      return renderIni(inventory);
    case 'yaml':
      return renderYaml(inventory);
    case 'json':
      return `${JSON.stringify(dynamicInventory(inventory), null, 2)}\n`;
  }
}

/**
 * Clusters have different users and keys: what one says for all of its hosts becomes a group's, weaker than every other
 * group's as `all` is.
 */
function ofCluster(name: string, { hosts, groups, vars }: Inventory): Inventory {
  const group = `cluster_${name.replaceAll(/[^A-Za-z0-9_]/g, '_')}`;
  const own = { hosts: [...hosts.keys()], children: [], vars: { ansible_group_priority: 0, ...vars } };
  return { hosts, groups: new Map([...groups, [group, own]]), vars: {} };
}
