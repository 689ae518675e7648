import { Conflict, type Problem } from '../domain/errors.ts';
import type { Accompaniment } from '../domain/former-hardware.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { NodeDirectory } from '../domain/ports.ts';
import type { Claim, ClaimKind } from './node-claims.ts';
import type { NodeIdentity, NodeInput, NodePatch, NodeReading } from './node-input.ts';
import type { Replacement } from './node-replacement.ts';

/** The node was changed by someone else since the version was read that the change expects. */
export class VersionMismatch extends Conflict {}

/** The nodes as they are when a change has its turn. */
export interface NodeLookup extends NodeDirectory {
  /** Who has what at most one may have. */
  holder(kind: ClaimKind, value: Claim['value']): Claim | undefined;
}

/** One node as it is to be. */
export interface PlannedNode {
  /** As it is now; absent: it is a new one. */
  readonly before?: Node;
  readonly reading: NodeReading;
  /** Tells where in the operator's input a problem lies. */
  readonly place?: (problem: Problem) => Problem;
  /** For others of the same input that want what it has: `line 12`. */
  readonly where?: string;
}

export interface NodePlan {
  readonly nodes: readonly PlannedNode[];
  /** What is wrong beside what the nodes themselves will show. */
  readonly problems?: readonly Problem[];
}

/** Finds out what is to become of the nodes. Runs when its change has its turn, on what is true then. */
export type NodePlanner = (nodes: NodeLookup, newIdentity: () => NodeIdentity) => NodePlan;

export interface AppliedNode {
  readonly action: 'created' | 'updated' | 'unchanged';
  readonly node: Node;
  /** `rack r1 → r2`; none of a new node. */
  readonly changes: readonly string[];
  readonly where?: string;
}

/** A node's record before and after: one of them is absent where it is new, or removed. */
export interface NodeChange {
  readonly before?: Node;
  readonly after?: Node;
  /** The operator says that hardware was replaced, whether or not the record shows it. */
  readonly replaced: boolean;
  /** For people: `eno1.mac 52:… → 52:…`. */
  readonly why: string;
}

/** What another room changes together with a node: in the same commit, or nothing. Must not throw. */
export type NodeCompanion = (change: NodeChange) => Accompaniment | undefined;

/**
 * The nodes, and the only way to change them. A change is on disk before memory shows it; changes are made one at a
 * time, in the order in which they were asked for, each judged when its turn comes. What the store throws comes through; then
 * nothing has changed.
 */
export interface NodeRegistry extends NodeDirectory {
  readonly size: number;
  /** Grows with each change of a node, in this process: what was made of the nodes is still right while it is the same. */
  readonly revision: number;
  /** Nodes with a boot interface that nothing but the machine's serial number or UUID tells. */
  readonly awaited: ReadonlySet<NodeId>;
  /** In any case of letters. */
  bySerialNumber(serialNumber: string): Node | undefined;
  /** @throws InvalidInput with every problem, Conflict with both owners of what is taken */
  enrol(input: NodeInput): Promise<Node>;
  /** All or nothing; problems carry the index of their node: `[3].interfaces[0].mac`. */
  enrolMany(inputs: readonly NodeInput[]): Promise<readonly Node[]>;
  /**
   * All of a plan or nothing of it, in one commit; nodes that stay as they are keep their version.
   *
   * @throws InvalidInput, Conflict; also where `dryRun` only asks what would happen
   */
  apply(planner: NodePlanner, options?: { readonly dryRun?: boolean }): Promise<readonly AppliedNode[]>;
  /** @throws NotFound; VersionMismatch when `expectedVersion` is no longer the node's. A patch that changes nothing keeps the version. */
  change(id: NodeId, patch: NodePatch, expectedVersion?: number): Promise<Node>;
  /**
   * Other hardware in the same node: it keeps its name, place, addresses, roles, labels and history, and loses its boot
   * grants and the leases of what is gone.
   *
   * @throws NotFound, VersionMismatch, InvalidInput, Conflict
   */
  replace(id: NodeId, replacement: Replacement, expectedVersion?: number): Promise<AppliedNode>;
  /** @throws NotFound, VersionMismatch */
  remove(id: NodeId, expectedVersion?: number): Promise<Node>;
  /** In order, for lists that are read page by page. */
  sortedNames(): readonly string[];
}
