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

/** States in which nothing is under way. */
export type RestingState = 'enrolled' | 'installed' | 'ready';

/**
 * How far it is within its state.
 * - `waiting`  (booting) nobody has heard of it yet
 * - `seen`     (booting) its firmware has asked for an address
 * - `claimed`  (installing) an answer file was fetched
 * - `started`  (installing) the installer has said that it started
 * - `finished` (installing) the installer has said that it is done; the system has yet to answer from the disk
 */
export type LifeStep = 'waiting' | 'seen' | 'claimed' | 'started' | 'finished';

/**
 * What is to be done in the world outside, as data; each may be done twice without harm.
 * - `network-boot` start the machine so that it boots from the network, this once
 * - `power-on`     switch it on: its installer switches it off when it is done
 * - `disk-first`   put the boot order back to the disk
 * - `hand-off`     tell the runners that it is there
 */
export const EFFECTS = ['network-boot', 'power-on', 'disk-first', 'hand-off'] as const;
export type EffectKind = (typeof EFFECTS)[number];

/** What went wrong, beside the state: a retry knows where the node was. */
export interface NodeFault {
  /** Stable, for programs: `no-discover`, `installer-failed`. */
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
  /** Of the states that have steps. */
  readonly step?: LifeStep;
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
  /** Where it comes back to when its boot grant ends before an installer came. */
  readonly resting?: RestingState;
  /** Effects that are not done yet: a restart takes them up again. */
  readonly pending?: readonly EffectKind[];
  /** In maintenance: effects that wait for the end of it, where the node comes back to the state before. */
  readonly owed?: readonly EffectKind[];
  /** SSH host keys of the installed system, public halves, as in `/etc/ssh/ssh_host_*_key.pub`: later connections are pinned. */
  readonly hostKeys?: readonly string[];
  /** Grows by one at each change. */
  readonly version: number;
}
