import { InvalidInput } from '../../domain/errors.ts';
import { formatIpv4 } from '../../domain/ipv4.ts';
import type { Node, NodeInterface } from '../../domain/node.ts';
import { interfaceInput } from '../node-replacement.ts';
import { cellOf } from './cells.ts';
import { MAX_COLUMNS } from './imported-node.ts';
import { cellOfOption } from './option-cell.ts';
import { NODES_MEMBER } from './read-json.ts';

/** Everything of the nodes that an operator may set, one node a line, so that two exports can be compared. */
export function exportJson(nodes: Iterable<Node>): string {
  const lines = [...nodes].map((node) => {
    const { id: _, version: _version, createdAt: _created, updatedAt: _updated, interfaces, ...rest } = node;
    return JSON.stringify({ ...rest, interfaces: interfaces.map(interfaceInput) });
  });
  return `{"${NODES_MEMBER}": [\n${lines.join(',\n')}\n]}\n`;
}

interface ExportColumn {
  readonly heading: string;
  /** Shown even if all of its cells are empty. */
  readonly always?: boolean;
  cell(node: Node, port: NodeInterface): string;
}

const text = (value: string | undefined) => (value === undefined ? '' : cellOf(value));

const COLUMNS: readonly ExportColumn[] = [
  { heading: 'name', always: true, cell: ({ name }) => name },
  { heading: 'interface', always: true, cell: (_, { name }) => name },
  { heading: 'role', always: true, cell: (_, { role }) => role },
  { heading: 'mac', always: true, cell: (_, { mac }) => mac ?? '' },
  { heading: 'address', always: true, cell: (_, { address }) => (address === undefined ? '' : formatIpv4(address)) },
  { heading: 'clientId', cell: (_, { clientId }) => clientId ?? '' },
  { heading: 'circuitId', cell: (_, { switchPort }) => switchPort?.circuitId ?? '' },
  { heading: 'remoteId', cell: (_, { switchPort }) => switchPort?.remoteId ?? '' },
  { heading: 'serialNumber', cell: ({ serialNumber }) => text(serialNumber) },
  { heading: 'uuid', cell: ({ uuid }) => uuid ?? '' },
  { heading: 'rack', cell: ({ rack }) => text(rack) },
  { heading: 'position', cell: ({ position }) => text(position) },
  { heading: 'roles', cell: ({ roles }) => roles.join(' ') },
  { heading: 'group', cell: ({ group }) => text(group) },
  { heading: 'profile', always: true, cell: ({ boot }) => text(boot.profile) },
  { heading: 'loader', always: true, cell: ({ boot }) => boot.loader },
  { heading: 'diskMethod', cell: ({ boot }) => boot.diskMethod ?? '' },
  { heading: 'bmcDriver', cell: ({ bmc }) => bmc?.driver ?? '' },
  { heading: 'bmcHost', cell: ({ bmc }) => text(bmc?.host) },
  { heading: 'bmcPort', cell: ({ bmc }) => (bmc?.port === undefined ? '' : String(bmc.port)) },
  { heading: 'bmcCredentials', cell: ({ bmc }) => text(bmc?.credentials) },
  { heading: 'bmcFingerprint', cell: ({ bmc }) => text(bmc?.fingerprint) },
  { heading: 'bmcCommand', cell: ({ bmc }) => (bmc?.command === undefined ? '' : JSON.stringify(bmc.command)) },
  { heading: 'bmcCipherSuite', cell: ({ bmc }) => (bmc?.cipherSuite === undefined ? '' : String(bmc.cipherSuite)) },
  { heading: 'bmcWakeOnLan', cell: ({ bmc }) => (bmc?.wakeOnLan === undefined ? '' : String(bmc.wakeOnLan)) },
  { heading: 'install', cell: ({ install }) => (install === undefined ? '' : JSON.stringify(install)) },
];

/**
 * A row for each interface. What a spreadsheet would run (a label that begins with =) stands behind an apostrophe.
 *
 * @throws InvalidInput where the nodes have more different labels and options than a table has columns
 */
export function exportCsv(nodes: Iterable<Node>): string {
  const all = [...nodes];
  const columns = [...COLUMNS, ...recordColumns(all)];
  if (columns.length > MAX_COLUMNS) {
    const message = `The nodes have ${columns.length} different labels and options: more than a table’s ${MAX_COLUMNS} columns.`;
    throw new InvalidInput(message, [], 'Export them as json.');
  }
  const used = columns.filter(
    ({ always, cell }) =>
      always === true || all.some((node) => node.interfaces.some((port) => cell(node, port) !== '')),
  );
  const lines = [used.map(({ heading }) => quoted(heading)).join(',')];
  for (const node of all) {
    for (const port of node.interfaces) lines.push(used.map(({ cell }) => quoted(cell(node, port))).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

function recordColumns(nodes: readonly Node[]): ExportColumn[] {
  const labels = new Set(nodes.flatMap((node) => Object.keys(node.labels)));
  const options = new Set(nodes.flatMap((node) => Object.keys(node.options)));
  return [
    ...[...labels].sort().map(
      (key): ExportColumn => ({
        heading: `label.${key}`,
        cell: (node) => text(Object.hasOwn(node.labels, key) ? node.labels[key] : undefined),
      }),
    ),
    ...[...options].sort().map(
      (key): ExportColumn => ({
        heading: `option.${key}`,
        cell: (node) => {
          const value = Object.hasOwn(node.options, key) ? node.options[key] : undefined;
          return value === undefined ? '' : cellOf(cellOfOption(value));
        },
      }),
    ),
  ];
}

/** RFC 4180; spaces at an edge would be taken for none. */
function quoted(cell: string): string {
  return /^\s|\s$|["\n\r,;\t|]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
