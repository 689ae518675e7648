import type { Node, NodeId } from '../../domain/node.ts';
import type { NodeFault, NodeState } from '../../domain/node-life.ts';

/** What the hand-off tells the lives of nodes; on disk when each resolves. What makes no sense there changes nothing. */
export interface HandOffLife {
  state(nodeId: NodeId): NodeState | undefined;
  /** Since when it is in that state: milliseconds since 1970. */
  since(nodeId: NodeId): number | undefined;
  started(node: Node): Promise<void>;
  done(node: Node): Promise<void>;
  failed(node: Node, fault: Omit<NodeFault, 'at'>): Promise<void>;
  /** A person takes the node as it is. @throws Conflict */
  accepted(node: Node, by: string, reason?: string): Promise<void>;
}
