import type { Problem } from '../../domain/errors.ts';
import { parseMac } from '../../domain/mac.ts';
import type { Node } from '../../domain/node.ts';
import type { NodeLookup } from '../registry-port.ts';
import type { ImportedNode } from './imported-node.ts';

/**
 * The node that an entry of a file is about: the one of its name; without a name, the one of its serial number, else of
 * its UUID, else of its MAC addresses. A new name with a known serial number is a new node that wants another's: that is
 * told with both owners, since a mistake in a list is likelier than a new name.
 *
 * Returns a problem where its MAC addresses are several nodes'.
 */
export function findNode(imported: ImportedNode, nodes: NodeLookup): Node | Problem | undefined {
  if (imported.name !== undefined) return nodes.byName(imported.name.trim());
  const { serialNumber, uuid } = imported.fields;
  const bySerial = holderOf(nodes, 'serialNumber', serialNumber?.trim().toUpperCase());
  const byUuid = holderOf(nodes, 'uuid', uuid?.trim().toLowerCase());
  const byMac = new Set(imported.interfaces.flatMap(({ mac }) => macOwner(nodes, mac) ?? []));
  const found = new Set([bySerial, byUuid, ...byMac].filter((node) => node !== undefined));
  if (found.size <= 1) return [...found][0];
  const names = [...found].map(({ name }) => name).join(' and ');
  const mend = 'Give the entry the name of the node that it is about.';
  return { path: '', message: `Its serial number, UUID and MAC addresses are those of ${names}.`, mend };
}

function holderOf(nodes: NodeLookup, kind: 'serialNumber' | 'uuid', value: string | undefined): Node | undefined {
  return value === undefined ? undefined : nodes.holder(kind, value)?.node;
}

function macOwner(nodes: NodeLookup, text: string | null | undefined): Node | undefined {
  const mac = parseMac(text ?? '');
  return mac === undefined ? undefined : nodes.byMac(mac)?.node;
}
