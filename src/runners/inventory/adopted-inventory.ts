import type { Problem } from '../../domain/errors.ts';
import type { Inventory, InventoryGroup, Variables, VariableValue } from './inventory.ts';

/** Larger files are none that a person keeps. */
export const MAX_FILE_BYTES = 8 * 1024 * 1024;
export const MAX_HOSTS = 20_000;
export const MAX_PROBLEMS = 1_000;

/** An inventory that the operator has, as Ansible reads it. */
export interface AdoptedInventory {
  readonly format: 'ini' | 'yaml';
  readonly inventory: Inventory;
  /** 1-based line where a host is first spoken of. */
  readonly lines: ReadonlyMap<string, number>;
  /** Of what Ansible would refuse too: none of it is guessed at. */
  readonly problems: readonly Problem[];
}

interface Draft {
  readonly hosts: Set<string>;
  readonly children: Set<string>;
  vars: Record<string, VariableValue>;
}

/** What readers put hosts, groups and variables into; what is said later counts, as with Ansible. */
export class InventoryDraft {
  readonly #hosts = new Map<string, Record<string, VariableValue>>();
  readonly #groups = new Map<string, Draft>();
  readonly #declared = new Set<string>();
  readonly #lines = new Map<string, number>();
  readonly problems: Problem[] = [];

  get hostCount(): number {
    return this.#hosts.size;
  }

  refuse(line: number, message: string, mend: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ path: '', line, message, mend });
  }

  addHost(name: string, group: string | undefined, vars: Variables, line: number): void {
    if (!this.#lines.has(name)) this.#lines.set(name, line);
    const known = this.#hosts.get(name);
    if (known === undefined) this.#hosts.set(name, { ...vars });
    else Object.assign(known, vars);
    if (group !== undefined && group !== 'all' && group !== 'ungrouped') this.#group(group).hosts.add(name);
  }

  /** It has a section of its own; variables and parents alone make no group. */
  addGroup(name: string): void {
    this.#declared.add(name);
    this.#group(name);
  }

  addChild(group: string, child: string): void {
    this.#group(group).children.add(child);
  }

  addVars(group: string, vars: Variables): void {
    const draft = this.#group(group);
    draft.vars = { ...draft.vars, ...vars };
  }

  isDeclared(group: string): boolean {
    return this.#declared.has(group) || group === 'all' || group === 'ungrouped';
  }

  finish(format: AdoptedInventory['format']): AdoptedInventory {
    const groups = new Map<string, InventoryGroup>();
    for (const [name, { hosts, children, vars }] of this.#groups) {
      if (name !== 'all' && name !== 'ungrouped')
        groups.set(name, { hosts: [...hosts], children: [...children], vars });
    }
    const vars = this.#groups.get('all')?.vars ?? {};
    const problems = this.problems.sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
    return { format, inventory: { hosts: this.#hosts, groups, vars }, lines: this.#lines, problems };
  }

  #group(name: string): Draft {
    let draft = this.#groups.get(name);
    if (draft === undefined) {
      draft = { hosts: new Set(), children: new Set(), vars: {} };
      this.#groups.set(name, draft);
    }
    return draft;
  }
}
