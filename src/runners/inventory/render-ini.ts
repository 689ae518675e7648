import { InvalidInput } from '../../domain/errors.ts';
import { shellWord } from '../ssh/shell-words.ts';
import type { Inventory, InventoryGroup, Variables, VariableValue } from './inventory.ts';
import { pythonValue } from './python-text.ts';

/**
 * As DeepOps has it. Two languages in one file: a host's line is split as a shell would and each value then read by Python;
 * a line under `:vars` is read by Python as a whole (ansible/plugins/inventory/ini.py).
 *
 * @throws InvalidInput for a value from a vault, which INI can't hold
 */
export function renderIni({ hosts, groups, vars }: Inventory): string {
  const sections = [
    section(
      'all',
      [...hosts].map(([name, own]) => hostLine(name, own)),
    ),
    ...[...groups].flatMap(([name, group]) => groupSections(name, group)),
    ...(Object.keys(vars).length === 0 ? [] : [section('all:vars', varLines(vars))]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function groupSections(name: string, { hosts, children, vars }: InventoryGroup): string[] {
  const isOther = children.length > 0 || Object.keys(vars).length > 0;
  return [
    ...(hosts.length > 0 || !isOther ? [section(name, hosts)] : []),
    ...(children.length > 0 ? [section(`${name}:children`, children)] : []),
    // `:vars` alone does not make a group.
    ...(Object.keys(vars).length > 0
      ? [
          ...(hosts.length > 0 || children.length > 0 ? [] : [section(name, [])]),
          section(`${name}:vars`, varLines(vars)),
        ]
      : []),
  ];
}

function section(heading: string, lines: readonly string[]): string {
  return [`[${heading}]`, ...lines].join('\n');
}

function hostLine(name: string, vars: Variables): string {
  return [name, ...Object.entries(vars).map(([key, value]) => `${key}=${shellWord(literal(key, value))}`)].join(' ');
}

function varLines(vars: Variables): string[] {
  return Object.entries(vars).map(([key, value]) => `${key}=${literal(key, value)}`);
}

function literal(key: string, value: VariableValue): string {
  if (holdsVault(value)) {
    const mend = 'Ask for yaml or json; runs read the adopted file as it is.';
    throw new InvalidInput(`${key} comes from a vault, which an INI inventory can’t hold`, [], mend);
  }
  return pythonValue(value);
}

function holdsVault(value: VariableValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return '__ansible_vault' in value || Object.values(value).some(holdsVault);
}
