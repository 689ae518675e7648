import { type AdoptedInventory, InventoryDraft, MAX_HOSTS } from './adopted-inventory.ts';
import { BadRange, expandHostRange } from './host-range.ts';
import type { VariableValue } from './inventory.ts';
import { readPythonValue } from './python-literal.ts';
import { splitShellWords } from './split-shell-words.ts';

const SECTION = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/;
const GROUP_LINE = /^([^:\]\s]+)\s*(?:#.*)?$/;
/** `dgx01:2222`, where what stands before is a name or IPv4 address. */
const WITH_PORT = /^([^:]+(?:\[[^\]]*\][^:]*)*):([0-9]{1,5})$/;

/** Where Python's `splitlines` cuts. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: three of them are such
const LINE_ENDS = /\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/;

interface Section {
  readonly group: string;
  readonly kind: 'hosts' | 'children' | 'vars';
}

/** An INI inventory as Ansible's plugin reads it (plugins/inventory/ini.py), with every problem and its line. */
export function readIni(text: string): AdoptedInventory {
  const draft = new InventoryDraft();
  const awaited = new Map<string, { readonly line: number; readonly by: string }>();
  let section: Section = { group: 'ungrouped', kind: 'hosts' };
  for (const [index, raw] of text.split(LINE_ENDS).entries()) {
    const line = raw.trim();
    const number = index + 1;
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const heading = SECTION.exec(line);
    if (heading?.[1] !== undefined) {
      const kind = heading[2] ?? 'hosts';
      if (kind !== 'hosts' && kind !== 'children' && kind !== 'vars') {
        draft.refuse(
          number,
          `[${heading[1]}:${kind}] is no kind of section`,
          'There are [group], [group:children] and [group:vars].',
        );
        continue;
      }
      section = { group: heading[1], kind };
      if (kind !== 'vars') draft.addGroup(section.group);
      else if (!draft.isDeclared(section.group))
        awaited.set(section.group, { line: number, by: `[${section.group}:vars]` });
      continue;
    }
    if (line.startsWith('[') && line.endsWith(']')) {
      draft.refuse(
        number,
        'This begins like a section and is none',
        'Write [group], [group:children] or [group:vars].',
      );
    } else if (section.kind === 'hosts') readHosts(draft, section.group, line, number);
    else if (section.kind === 'children') readChild(draft, section.group, line, number, awaited);
    else readVariable(draft, section.group, line, number);
  }
  for (const [group, { line, by }] of awaited) {
    if (!draft.isDeclared(group)) {
      draft.refuse(line, `${by} speaks of the group ${group}, which is nowhere`, `Add [${group}], empty or not.`);
    }
  }
  return draft.finish('ini');
}

function readHosts(draft: InventoryDraft, group: string, line: string, number: number): void {
  const words = splitShellWords(line);
  const [pattern, ...assignments] = words ?? [];
  if (pattern === undefined) {
    draft.refuse(number, 'A quote of this line is never closed', 'Close it.');
    return;
  }
  const vars: Record<string, VariableValue> = {};
  for (const word of assignments) {
    const at = word.indexOf('=');
    if (at < 0) {
      draft.refuse(
        number,
        `“${shortened(word)}” is no variable`,
        'Write name=value, with quotes around a value with blanks.',
      );
      return;
    }
    vars[word.slice(0, at)] = readPythonValue(word.slice(at + 1));
  }
  const [, name = pattern, port] = WITH_PORT.exec(pattern) ?? [];
  if (port !== undefined && vars.ansible_port === undefined) vars.ansible_port = Number(port);
  try {
    for (const host of expandHostRange(name, MAX_HOSTS)) {
      if (draft.hostCount >= MAX_HOSTS) throw new BadRange(`there are more than ${MAX_HOSTS} hosts`);
      draft.addHost(host, group, vars, number);
    }
  } catch (error) {
    if (!(error instanceof BadRange)) throw error;
    draft.refuse(number, shortened(error.message), 'Mend the range.');
  }
}

function readChild(
  draft: InventoryDraft,
  group: string,
  line: string,
  number: number,
  awaited: Map<string, { readonly line: number; readonly by: string }>,
): void {
  const child = GROUP_LINE.exec(line)?.[1];
  if (child === undefined) {
    draft.refuse(number, `“${shortened(line)}” is no name of a group`, 'Below :children stands one group a line.');
    return;
  }
  draft.addChild(group, child);
  if (!draft.isDeclared(child)) awaited.set(child, { line: number, by: `[${group}:children]` });
}

function readVariable(draft: InventoryDraft, group: string, line: string, number: number): void {
  const at = line.indexOf('=');
  if (at < 0) {
    draft.refuse(number, `“${shortened(line)}” is no variable`, 'Below :vars stands name=value, one a line.');
    return;
  }
  draft.addVars(group, { [line.slice(0, at).trim()]: readPythonValue(line.slice(at + 1).trim()) });
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
