import { formatIpv4 } from '../../domain/ipv4.ts';
import { parseMac } from '../../domain/mac.ts';
import type { Node, NodeInterface } from '../../domain/node.ts';
import type { InterfaceInput } from '../node-input.ts';
import { interfaceInput } from '../node-replacement.ts';
import { type ImportedInterface, type ImportedNode, roleByName } from './imported-node.ts';

export interface MergedInterfaces {
  readonly interfaces: readonly InterfaceInput[];
  /** Indexes of those of which something could not be read. */
  readonly unreadable: ReadonlySet<number>;
}

export function newInterfaces(imported: readonly ImportedInterface[]): MergedInterfaces {
  return {
    interfaces: imported.map((each) => merged(undefined, each)),
    unreadable: unreadableOf(imported),
  };
}

/** What the file says of interfaces that the node has, and the new ones behind them. */
export function mergeInterfaces(before: Node, { interfaces, interfacesAreAll }: ImportedNode): MergedInterfaces {
  const pairs = interfaces.map((each) => ({ said: each, old: interfaceOf(before, each) }));
  if (interfacesAreAll === true) {
    return { interfaces: pairs.map(({ said, old }) => merged(old, said)), unreadable: unreadableOf(interfaces) };
  }
  const result: InterfaceInput[] = [];
  const unreadable = new Set<number>();
  const add = (old: NodeInterface | undefined, said: ImportedInterface | undefined) => {
    if (said?.unreadable === true) unreadable.add(result.length);
    result.push(said === undefined && old !== undefined ? interfaceInput(old) : merged(old, said));
  };
  for (const old of before.interfaces) add(old, pairs.find((pair) => pair.old === old)?.said);
  const taken = new Set(before.interfaces.map(({ name }) => name));
  for (const { said, old } of pairs) {
    if (old !== undefined) continue;
    const name = said.nameIsMadeUp === true ? freeName(said.name, taken) : said.name;
    taken.add(name);
    add(undefined, { ...said, name });
  }
  return { interfaces: result, unreadable };
}

/** By its name; one without a name by its MAC address or client identifier, else by its address. */
function interfaceOf(node: Node, said: ImportedInterface): NodeInterface | undefined {
  const { interfaces } = node;
  const name = said.name.trim();
  if (said.nameIsMadeUp !== true) return interfaces.find((each) => each.name === name);
  const mac = parseMac(said.mac ?? '');
  return (
    interfaces.find((each) => mac !== undefined && each.mac === mac) ??
    interfaces.find((each) => said.clientId != null && each.clientId === said.clientId) ??
    interfaces.find((each) => each.address !== undefined && formatIpv4(each.address) === said.address) ??
    interfaces.find((each) => each.name === name && each.mac === undefined)
  );
}

function merged(old: NodeInterface | undefined, said: ImportedInterface | undefined): InterfaceInput {
  const before: Partial<InterfaceInput> = old === undefined ? {} : interfaceInput(old);
  const name = old?.name ?? said?.name ?? '';
  const role = said?.role ?? before.role ?? roleByName(name);
  const mac = chosen(said?.mac, before.mac);
  const clientId = chosen(said?.clientId, before.clientId);
  const address = chosen(said?.address, before.address);
  const circuitId = chosen(said?.circuitId, before.switchPort?.circuitId);
  const remoteId = chosen(said?.remoteId, before.switchPort?.remoteId);
  const switchPort = { ...(circuitId !== undefined && { circuitId }), ...(remoteId !== undefined && { remoteId }) };
  return {
    name,
    role,
    ...(mac !== undefined && { mac }),
    ...(clientId !== undefined && { clientId }),
    ...(Object.keys(switchPort).length > 0 && { switchPort }),
    ...(address !== undefined && { address }),
  };
}

/** Said, said to be none, or not said. */
function chosen(said: string | null | undefined, before: string | undefined): string | undefined {
  return said === undefined ? before : (said ?? undefined);
}

function unreadableOf(imported: readonly ImportedInterface[]): Set<number> {
  return new Set(imported.flatMap(({ unreadable }, index) => (unreadable === true ? [index] : [])));
}

function freeName(base: string, taken: ReadonlySet<string>): string {
  if (!taken.has(base)) return base;
  const stem = base.replace(/[0-9]+$/, '');
  for (let number = 2; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}
