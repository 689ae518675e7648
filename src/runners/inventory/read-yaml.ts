import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  type ScalarTag,
  type Tags,
  type YAMLMap,
  type Node as YamlNode,
} from 'yaml';
import { type AdoptedInventory, InventoryDraft, MAX_HOSTS } from './adopted-inventory.ts';
import { BadRange, expandHostRange } from './host-range.ts';
import type { Variables, VariableValue, Vaulted } from './inventory.ts';

const MAX_DEPTH = 32;
/** Aliases that are put in place; more is a bomb. */
const MAX_ALIASES = 1_000;
const MAX_YAML_ERRORS = 20;

/** Ansible's own tags. What is `!unsafe` is not templated: as text it says the same to whoever reads it here. */
const VAULT: ScalarTag = { tag: '!vault', resolve: (text) => ({ __ansible_vault: text }) satisfies Vaulted };
const UNSAFE: ScalarTag = { tag: '!unsafe', resolve: (text) => text };

interface Member {
  readonly name: string;
  readonly value: YamlNode | null;
  /** Of its key. */
  readonly line: number;
}

/** A YAML inventory as Ansible's plugin reads it (plugins/inventory/yaml.py), with every problem and its line. */
export function readYaml(text: string): AdoptedInventory {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
    customTags: ansiblesTags,
  });
  const reader = new YamlReader(document, lines);
  for (const { message, pos } of document.errors.slice(0, MAX_YAML_ERRORS)) {
    reader.draft.refuse(lines.linePos(pos[0]).line, `This is no YAML: ${message}`, 'Mend it there, or just before.');
  }
  if (document.errors.length === 0) {
    try {
      reader.readTop();
    } catch (error) {
      if (!(error instanceof TooManyAliases)) throw error;
      reader.draft.refuse(1, `More than ${MAX_ALIASES} aliases are put in place`, 'Write out what they stand for.');
    }
  }
  return reader.draft.finish('yaml');
}

/** PyYAML does not know YAML 1.1's `y` and `n`, which are names of variables more often than answers. */
const BOOLEAN: ScalarTag = {
  default: true,
  tag: 'tag:yaml.org,2002:bool',
  test: /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  resolve: (text) => /^(?:yes|true|on)$/i.test(text),
};

/** A date stays the text that it is. */
function ansiblesTags(tags: Tags): Tags {
  const kept = tags.filter((tag) => typeof tag === 'string' || !/:(?:timestamp|omap|set|binary|bool)$/.test(tag.tag));
  return [VAULT, UNSAFE, BOOLEAN, ...kept];
}

/** Each may stand for as many more: a file of some lines would fill the memory. */
class TooManyAliases extends Error {}

class YamlReader {
  readonly draft = new InventoryDraft();
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  #aliases = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  readTop(): void {
    const top = this.#document.contents;
    if (!isMap(top)) {
      const mend = 'At its top stand groups: all: {hosts: {dgx01: {ansible_host: 10.0.2.1}}}.';
      this.draft.refuse(1, 'This is no YAML inventory', mend);
      return;
    }
    for (const group of this.#members(top)) this.#readGroup(group, 0);
  }

  #readGroup({ name, value, line }: Member, depth: number): void {
    this.draft.addGroup(name);
    const group = this.#resolved(value);
    if (isEmpty(group)) return;
    if (!isMap(group) || depth > MAX_DEPTH) {
      this.draft.refuse(line, `${shortened(name)} is no group`, 'A group has hosts, children and vars.');
      return;
    }
    for (const part of this.#members(group)) this.#readPart(name, part, depth);
  }

  #readPart(group: string, part: Member, depth: number): void {
    switch (part.name) {
      case 'vars':
        this.draft.addVars(group, this.#variables(part));
        return;
      case 'hosts':
        for (const host of this.#named(part)) this.#readHosts(group, host);
        return;
      case 'children':
        for (const child of this.#named(part)) {
          this.draft.addChild(group, child.name);
          this.#readGroup(child, depth + 1);
        }
        return;
      default: {
        const mend = 'It has hosts, children and vars; variables stand below vars.';
        this.draft.refuse(
          part.line,
          `The group ${shortened(group)} has “${shortened(part.name)}”, which is unknown`,
          mend,
        );
      }
    }
  }

  #readHosts(group: string, host: Member): void {
    const vars = this.#variables(host);
    try {
      for (const name of expandHostRange(host.name, MAX_HOSTS)) {
        if (this.draft.hostCount >= MAX_HOSTS) throw new BadRange(`There are more than ${MAX_HOSTS} hosts`);
        this.draft.addHost(name, group, vars, host.line);
      }
    } catch (error) {
      if (!(error instanceof BadRange)) throw error;
      this.draft.refuse(host.line, shortened(error.message), 'Mend the range.');
    }
  }

  /** Hosts or groups below a key; Ansible takes a single name as text, too. */
  #named({ name, value, line }: Member): Member[] {
    const members = this.#resolved(value);
    if (isMap(members)) return this.#members(members);
    if (isScalar(members) && typeof members.value === 'string') return [{ name: members.value, value: null, line }];
    if (!isEmpty(members)) {
      this.draft.refuse(
        line,
        `What stands below ${name} is no mapping`,
        'Write each name as a key, with a colon behind it.',
      );
    }
    return [];
  }

  #members(map: YAMLMap): Member[] {
    return map.items.flatMap(({ key, value }): Member[] => {
      const line = this.#lineOf(key as YamlNode);
      if (isScalar(key) && key.source === '<<') {
        const merged = this.#resolved(value as YamlNode | null);
        return isMap(merged) ? this.#members(merged) : [];
      }
      // `1:` and `on:` are no text to YAML; whoever wrote them meant a name.
      if (isScalar(key)) return [{ name: key.source ?? String(key.value), value: value as YamlNode | null, line }];
      this.draft.refuse(line, 'This key is no text', 'Write a name.');
      return [];
    });
  }

  #variables({ name, value, line }: Member): Variables {
    const vars = this.#resolved(value);
    if (isEmpty(vars)) return {};
    if (!isMap(vars)) {
      this.draft.refuse(line, `What stands below ${shortened(name)} are no variables`, 'Write name: value.');
      return {};
    }
    try {
      return vars.toJS(this.#document, { maxAliasCount: MAX_ALIASES }) as Record<string, VariableValue>;
    } catch (error) {
      // What the library throws then, and for an alias of nothing.
      if (error instanceof ReferenceError) throw new TooManyAliases();
      throw error;
    }
  }

  #resolved(node: YamlNode | null): YamlNode | null {
    if (!isAlias(node)) return node;
    this.#aliases += 1;
    if (this.#aliases > MAX_ALIASES) throw new TooManyAliases();
    return node.resolve(this.#document) ?? null;
  }

  #lineOf(node: YamlNode | null): number {
    const offset = node?.range?.[0];
    return offset === undefined ? 1 : this.#lines.linePos(offset).line;
  }
}

function isEmpty(node: YamlNode | null): node is null {
  return node === null || (isScalar(node) && node.value === null);
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
