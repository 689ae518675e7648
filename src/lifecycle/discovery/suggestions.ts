import type { DiscoveredMachine } from '../../domain/discovered-machine.ts';
import { type MacAddress, macFromBytes, macToBytes } from '../../domain/mac.ts';
import type { Node } from '../../domain/node.ts';
import type { NodeRegistry } from '../registry-port.ts';

/** Which node a discovered machine may belong to, for a person to judge. Nothing is ever done because of it. */
export interface Suggestion {
  readonly node: Node;
  readonly reason: string;
}

export type SuggestionSources = Pick<NodeRegistry, 'byMac' | 'byUuid' | 'bySerialNumber' | 'bySwitchPort'>;

/** Boards number their ports in sequence, and the BMC just before or behind them. */
const NEIGHBOUR_DISTANCE = 4;

/** The strongest evidence first; each node once. */
export function suggestNodes(machine: DiscoveredMachine, nodes: SuggestionSources): Suggestion[] {
  const suggestions: Suggestion[] = [];
  const suggest = (node: Node | undefined, reason: string) => {
    if (node !== undefined && suggestions.every((each) => each.node.id !== node.id)) suggestions.push({ node, reason });
  };
  const { mac, uuid, serialNumber, switchPort } = machine;
  if (serialNumber !== undefined) {
    suggest(nodes.bySerialNumber(serialNumber), `its firmware says the node’s serial number, ${serialNumber}`);
  }
  if (uuid !== undefined) suggest(nodes.byUuid(uuid)?.node, 'it has the node’s UUID');
  if (switchPort !== undefined) {
    const port = nodes.bySwitchPort(switchPort);
    suggest(port?.node, `it asks at the switch port of the node’s interface ${port?.interface.name}`);
  }
  if (mac !== undefined) {
    for (const { neighbour, distance } of neighbours(mac)) {
      const port = nodes.byMac(neighbour);
      const side = distance > 0 ? 'below' : 'above';
      const name = port?.interface.name;
      suggest(port?.node, `its MAC address is ${Math.abs(distance)} ${side} that of the node’s interface ${name}`);
    }
  }
  return suggestions;
}

/** The nearest first. Only the last three bytes: the first ones are the maker's. */
function* neighbours(mac: MacAddress): Generator<{ readonly neighbour: MacAddress; readonly distance: number }> {
  const bytes = macToBytes(mac);
  const [high = 0, middle = 0, low = 0] = bytes.subarray(3);
  const own = (high << 16) | (middle << 8) | low;
  for (let step = 1; step <= NEIGHBOUR_DISTANCE; step += 1) {
    for (const distance of [step, -step]) {
      const value = own + distance;
      if (value < 0 || value > 0xffffff) continue;
      bytes.set([value >>> 16, (value >>> 8) & 255, value & 255], 3);
      yield { neighbour: macFromBytes(bytes), distance };
    }
  }
}
