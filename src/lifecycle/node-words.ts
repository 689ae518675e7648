import { isDeepStrictEqual } from 'node:util';
import type { EventSubject } from '../domain/events.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import { clientIdKey, type InterfaceKey, macKey } from '../domain/lease.ts';
import type { Node, NodeInterface } from '../domain/node.ts';

/** The interface's own key; undefined where only its switch port or its node's UUID tells whose it is. */
export function interfaceKey({ mac, clientId }: NodeInterface): InterfaceKey | undefined {
  if (mac !== undefined) return macKey(mac);
  return clientId === undefined ? undefined : clientIdKey(clientId);
}

export function subjectOf(node: Node): EventSubject {
  const first = node.interfaces.find((candidate) => interfaceKey(candidate) !== undefined);
  const key = first === undefined ? undefined : interfaceKey(first);
  return {
    nodeId: node.id,
    nodeName: node.name,
    ...(key === undefined ? {} : { key }),
    ...(first?.address === undefined ? {} : { address: first.address }),
  };
}

/** `eno1 52:54:00:77:00:01 10.77.0.100` */
export function interfaceInWords(candidate: NodeInterface): string {
  const { mac, clientId, switchPort } = candidate;
  const identity = mac ?? clientId ?? (switchPort === undefined ? 'of the machine itself' : 'by its switch port');
  return `${candidate.name} ${identity}${candidate.address === undefined ? '' : ` ${formatIpv4(candidate.address)}`}`;
}

const SIMPLE_FIELDS = ['name', 'uuid', 'serialNumber', 'rack', 'position', 'group'] as const;
const BOOT_FIELDS = ['profile', 'loader', 'diskMethod'] as const;
const INTERFACE_FIELDS = ['role', 'mac', 'clientId', 'switchPort', 'address'] as const;

/** `rack r1 → r2`, `eno1.mac 52:… → 52:…`, `labels.row`: simple values with before and after, the others by name. */
export function changedFields(before: Node, after: Node): string[] {
  const fields: string[] = [];
  const compare = (name: string, one: unknown, other: unknown) => {
    if (isDeepStrictEqual(one, other)) return;
    const simple = [one, other].every((value) => value === undefined || typeof value === 'string');
    fields.push(simple ? `${name} ${one ?? 'none'} → ${other ?? 'none'}` : name);
  };
  for (const name of SIMPLE_FIELDS) compare(name, before[name], after[name]);
  compareInterfaces(before, after, compare, fields);
  compare('roles', shownList(before.roles), shownList(after.roles));
  for (const record of ['labels', 'options'] as const) {
    const names = new Set([...Object.keys(before[record]), ...Object.keys(after[record])]);
    for (const name of names) compare(`${record}.${name}`, before[record][name], after[record][name]);
  }
  compare('install', before.install, after.install);
  for (const name of BOOT_FIELDS) compare(`boot.${name}`, before.boot[name], after.boot[name]);
  return fields;
}

function compareInterfaces(
  before: Node,
  after: Node,
  compare: (name: string, one: unknown, other: unknown) => void,
  fields: string[],
): void {
  const old = new Map(before.interfaces.map((each) => [each.name, each]));
  const kept: string[] = [];
  for (const candidate of after.interfaces) {
    const former = old.get(candidate.name);
    if (former === undefined) fields.push(`interface ${interfaceInWords(candidate)} added`);
    else {
      kept.push(candidate.name);
      for (const name of INTERFACE_FIELDS) {
        compare(`${candidate.name}.${name}`, shownValue(former, name), shownValue(candidate, name));
      }
    }
  }
  const removed = before.interfaces.filter(({ name }) => !kept.includes(name));
  for (const candidate of removed) fields.push(`interface ${interfaceInWords(candidate)} removed`);
  const order = before.interfaces.map(({ name }) => name).filter((name) => kept.includes(name));
  if (!isDeepStrictEqual(order, kept)) fields.push('order of the interfaces');
}

function shownValue(candidate: NodeInterface, name: (typeof INTERFACE_FIELDS)[number]): unknown {
  const value = candidate[name];
  return typeof value === 'number' ? formatIpv4(value) : value;
}

function shownList(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(' ');
}
