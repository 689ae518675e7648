import type { InterfaceKey } from '../../domain/lease.ts';
import type { MacAddress } from '../../domain/mac.ts';
import type { NodePort } from '../../domain/node.ts';
import type { NodeDirectory } from '../../domain/ports.ts';

/** The node's interface that a machine is. It is looked up, not noted: whichever way it was enrolled, it is no stranger. */
export function enrolledAs(
  key: InterfaceKey,
  nodes: Pick<NodeDirectory, 'byMac' | 'byClientId'>,
): NodePort | undefined {
  return key.startsWith('mac:') ? nodes.byMac(key.slice(4) as MacAddress) : nodes.byClientId(key.slice(4));
}
