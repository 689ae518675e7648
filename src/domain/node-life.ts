import type { NodeId } from './node.ts';

/**
 * Where a node is in its life.
 * - `enrolled`    known, nothing asked of it
 * - `powering`    its BMC is being told to start it
 * - `booting`     it is to appear on the network, or is on its way through firmware and boot program
 * - `installing`  an installer holds its boot grant
 * - `installed`   its operating system has answered from its disk
 * - `handing-off` a runner works on it
 * - `ready`       in use, or free to be used
 * - `maintenance` left alone by everything but a named person's command
 * - `retired`     gone; its record and its history stay
 */
export const NODE_STATES = [
  'enrolled',
  'powering',
  'booting',
  'installing',
  'installed',
  'handing-off',
  'ready',
  'maintenance',
  'retired',
] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** What went wrong, beside the state: a retry knows where the node was. */
export interface NodeFault {
  /** Stable, for programs: `deadline`, `installer-failed`. */
  readonly code: string;
  readonly text: string;
  readonly mend?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Apart from the node's record: the life changes by itself, the record when an operator changes it. */
export interface NodeLife {
  readonly nodeId: NodeId;
  readonly state: NodeState;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Milliseconds since 1970; null where the state may last for ever. */
  readonly deadlineAt: number | null;
  readonly fault?: NodeFault;
  /** Why, where a person put it there: `DIMM swap, ticket 4711`. */
  readonly reason?: string;
  /** Who did. */
  readonly by?: string;
  /** Where it comes back to from maintenance. */
  readonly before?: NodeState;
  /** Grows by one at each change. */
  readonly version: number;
}
