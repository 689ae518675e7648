import { Document, isPair, isScalar, Scalar, type ScalarTag, type Tags, visit } from 'yaml';
import type { Inventory } from './inventory.ts';
import { escapeLineEnds } from './python-text.ts';

/**
 * One document with `all` at its top. Ansible reads YAML 1.1, where `on`, `012` and `12:30` are no text, so all text in values
 * is quoted; what a vault made keeps its tag.
 */
export function renderYaml({ hosts, groups, vars }: Inventory): string {
  // Maps, since an object of JavaScript puts a host that is called 7 before all others.
  const tree = {
    all: {
      hosts: new Map(hosts),
      ...(Object.keys(vars).length === 0 ? {} : { vars }),
      children: new Map(
        [...groups].map(([name, group]) => [
          name,
          {
            ...(group.hosts.length === 0 ? {} : { hosts: named(group.hosts) }),
            ...(group.children.length === 0 ? {} : { children: named(group.children) }),
            ...(Object.keys(group.vars).length === 0 ? {} : { vars: group.vars }),
          },
        ]),
      ),
    },
  };
  const document = new Document(tree, { version: '1.1', aliasDuplicateObjects: false, customTags: ansiblesTags });
  visit(document, {
    Scalar(key, node) {
      if (node.tag === '!vault' || typeof node.value !== 'string' || (key === 'key' && PLAIN_KEY.test(node.value)))
        return;
      node.value = node.value.toWellFormed();
      node.type = Scalar.QUOTE_DOUBLE;
    },
    Map(_key, node) {
      const [only] = node.items;
      if (node.items.length !== 1 || !isPair(only) || !isScalar(only.key) || only.key.value !== '__ansible_vault')
        return;
      const text = new Scalar(isScalar(only.value) ? only.value.value : '');
      text.tag = '!vault';
      text.type = Scalar.BLOCK_LITERAL;
      return text;
    },
  });
  // Whatever these characters stand in is quoted.
  return escapeLineEnds(document.toString({ lineWidth: 0 }));
}

/** Names of hosts and groups are keys without a value. */
function named(names: readonly string[]): ReadonlyMap<string, null> {
  return new Map(names.map((name) => [name, null]));
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** YAML 1.1 has no float without a dot: `1e+21` is text there. */
const EXPONENT: ScalarTag = {
  identify: (value) => typeof value === 'number' && /^-?[0-9]+e/.test(String(value)),
  default: true,
  tag: 'tag:yaml.org,2002:float',
  test: /^(?!)/,
  resolve: Number,
  stringify: ({ value }) => String(value).replace('e', '.0e'),
};

/** `!!omap`, which a Map would become, is a list to Ansible. */
function ansiblesTags(tags: Tags): Tags {
  return [EXPONENT, ...tags.filter((tag) => typeof tag === 'string' || !/:(?:omap|set)$/.test(tag.tag))];
}
