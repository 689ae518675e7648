import type { Problem } from '../domain/errors.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { Node, NodeInterface } from '../domain/node.ts';
import { type InterfaceInput, type NodeReading, readPatch, shown } from './node-input.ts';

/**
 * - `interface` a NIC, a DPU, a BMC module: the rest of the machine is the same
 * - `board`     a board or a tray: its UUID goes with it, and the interfaces that are named
 * - `machine`   everything: no MAC address, client identifier, UUID or serial number of the old one stays
 */
export const REPLACED_PARTS = ['interface', 'board', 'machine'] as const;
export type ReplacedPart = (typeof REPLACED_PARTS)[number];

export interface Replacement {
  readonly part: ReplacedPart;
  /** New identities of interfaces that the node has, by their names. */
  readonly interfaces?: readonly { readonly name: string; readonly mac?: string; readonly clientId?: string }[];
  /** Of the new board or machine, where it is known. */
  readonly uuid?: string;
  readonly serialNumber?: string;
  /** For the timeline: `RMA 4711`. */
  readonly reason?: string;
}

/** The node with the other hardware: what is not hardware stays. */
export function readReplacement(before: Node, replacement: Replacement): NodeReading {
  const { part, interfaces: named = [], uuid, serialNumber } = replacement;
  const problems = replacementProblems(before, replacement);
  const byName = new Map(named.map((each) => [each.name, each]));
  const interfaces = before.interfaces.map((candidate): InterfaceInput => {
    const other = byName.get(candidate.name);
    if (other === undefined && part !== 'machine') return interfaceInput(candidate);
    const { mac: _mac, clientId: _clientId, ...rest } = interfaceInput(candidate);
    return {
      ...rest,
      ...(other?.mac === undefined ? {} : { mac: other.mac }),
      ...(other?.clientId === undefined ? {} : { clientId: other.clientId }),
    };
  });
  const reading = readPatch(before, {
    interfaces,
    ...(part === 'interface' ? {} : { uuid: uuid ?? null }),
    ...(part === 'machine' || serialNumber !== undefined ? { serialNumber: serialNumber ?? null } : {}),
  });
  return { ...reading, problems: [...problems, ...reading.problems] };
}

function replacementProblems(before: Node, { part, interfaces = [], uuid, serialNumber }: Replacement): Problem[] {
  const problems: Problem[] = [];
  const known = new Set(before.interfaces.map(({ name }) => name));
  const seen = new Set<string>();
  for (const [index, { name, mac, clientId }] of interfaces.entries()) {
    const path = `interfaces[${index}]`;
    if (!known.has(name)) {
      const mend = `There are ${[...known].join(', ')}; PATCH adds another one.`;
      problems.push({ path: `${path}.name`, message: `${before.name} has no interface “${shown(name)}”.`, mend });
    } else if (seen.has(name)) {
      const mend = 'Name each interface once.';
      problems.push({ path: `${path}.name`, message: `The interface ${shown(name)} is named twice.`, mend });
    }
    if (mac === undefined && clientId === undefined) {
      const mend = 'Give its new mac, or clientId.';
      problems.push({ path, message: `Nothing new is said of the interface ${shown(name)}.`, mend });
    }
    seen.add(name);
  }
  if (part === 'interface' && interfaces.length === 0) {
    const mend = 'Name it with its new MAC address.';
    problems.push({ path: 'interfaces', message: 'It is not said which interface was replaced.', mend });
  }
  if (part === 'interface' && (uuid !== undefined || serialNumber !== undefined)) {
    const mend = 'Say part: board or part: machine.';
    const path = uuid === undefined ? 'serialNumber' : 'uuid';
    problems.push({ path, message: 'An interface has neither a UUID nor the machine’s serial number.', mend });
  }
  return problems;
}

/** As it would be enrolled. */
export function interfaceInput({ address, ...rest }: NodeInterface): InterfaceInput {
  return { ...rest, ...(address === undefined ? {} : { address: formatIpv4(address) }) };
}
