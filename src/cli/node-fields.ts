import type { NodeView } from '../api/schemas/node.ts';
import { fields } from './table.ts';

/** All of a node, a line for each thing. */
export function nodeFields(node: NodeView): string {
  const { boot } = node;
  const pairs = (record: Readonly<Record<string, unknown>>) =>
    Object.entries(record)
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
      .join(' ');
  return fields([
    ['name', node.name],
    ['id', node.id],
    ['state', [node.state, node.step, node.reason].filter((part) => part !== undefined).join(', ')],
    ['fault', node.fault === undefined ? undefined : `${node.fault.text} → ${node.fault.mend ?? ''}`],
    ...node.interfaces.map(
      ({ name, role, mac, clientId, switchPort, address }) =>
        [
          'interface',
          [
            name,
            role,
            mac,
            clientId,
            switchPort === undefined ? undefined : `port ${switchPort.circuitId ?? ''}/${switchPort.remoteId ?? ''}`,
            address,
          ]
            .filter((part) => part !== undefined)
            .join('  '),
        ] as const,
    ),
    ['bmc', node.bmc === undefined ? undefined : pairs({ ...node.bmc })],
    ['uuid', node.uuid],
    ['serial', node.serialNumber],
    ['rack', node.rack],
    ['position', node.position],
    ['roles', node.roles.join(' ')],
    ['group', node.group],
    ['labels', pairs(node.labels)],
    ['options', pairs(node.options)],
    ['boots', [boot.profile, `loader ${boot.loader}`, boot.diskMethod].filter((part) => part !== undefined).join(', ')],
    ['changed', node.updatedAt],
    ['version', String(node.version)],
  ]);
}
