import type { Node, NodeId } from '../domain/node.ts';
import type { NodeDirectory } from '../domain/ports.ts';
import type { NodeInput, NodePatch } from './node-input.ts';

/**
 * The nodes, and the only way to change them. A change is on disk before memory shows it; changes are made one at a
 * time, in the order in which they were asked for.
 */
export interface NodeRegistry extends NodeDirectory {
  readonly size: number;
  /** @throws InvalidInput with every problem, Conflict with both owners of what is taken */
  enrol(input: NodeInput): Promise<Node>;
  /** All or nothing; problems carry the index of their node: `[3].interfaces[0].mac`. */
  enrolMany(inputs: readonly NodeInput[]): Promise<readonly Node[]>;
  /** @throws NotFound; Conflict also when `expectedVersion` is no longer the node's (code `version-changed`) */
  change(id: NodeId, patch: NodePatch, expectedVersion?: number): Promise<Node>;
  remove(id: NodeId, expectedVersion?: number): Promise<Node>;
}
