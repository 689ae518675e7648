import { Conflict } from '../domain/errors.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { NodeDirectory } from '../domain/ports.ts';
import type { NodeInput, NodePatch } from './node-input.ts';

/** The node was changed by someone else since the version was read that the change expects. */
export class VersionMismatch extends Conflict {}

/**
 * The nodes, and the only way to change them. A change is on disk before memory shows it; changes are made one at a
 * time, in the order in which they were asked for, each judged when its turn comes. What the store throws comes through; then
 * nothing has changed.
 */
export interface NodeRegistry extends NodeDirectory {
  readonly size: number;
  /** @throws InvalidInput with every problem, Conflict with both owners of what is taken */
  enrol(input: NodeInput): Promise<Node>;
  /** All or nothing; problems carry the index of their node: `[3].interfaces[0].mac`. */
  enrolMany(inputs: readonly NodeInput[]): Promise<readonly Node[]>;
  /** @throws NotFound; VersionMismatch when `expectedVersion` is no longer the node's. A patch that changes nothing keeps the version. */
  change(id: NodeId, patch: NodePatch, expectedVersion?: number): Promise<Node>;
  /** @throws NotFound, VersionMismatch */
  remove(id: NodeId, expectedVersion?: number): Promise<Node>;
  /** In order, for lists that are read page by page. */
  sortedNames(): readonly string[];
}
