import type { NodeId } from './node.ts';

/**
 * - `armed`   waits for the node's next network boot
 * - `claimed` one boot session has asked for its answer file: no other session ever gets one by it
 * - `spent`   the installer has said that it started, or the time of the claim has passed
 * - `revoked` taken back by an operator before it was claimed, or dropped with a replaced machine
 * - `expired` nobody came
 */
export type GrantState = 'armed' | 'claimed' | 'spent' | 'revoked' | 'expired';

/** Leave to write to one node's disks, once. */
export interface BootGrant {
  readonly id: string;
  readonly nodeId: NodeId;
  /** Name of a profile in the configuration. */
  readonly profile: string;
  readonly state: GrantState;
  /** Who armed it: a name the operator gave, or `rule NAME`. */
  readonly armedBy: string;
  /** Milliseconds since 1970, as all times here. */
  readonly armedAt: number;
  /** Until when it can be claimed. */
  readonly expiresAt: number;
  readonly claim?: GrantClaim;
  readonly endedAt?: number;
  readonly version: number;
}

/** The one boot session that holds a grant. */
export interface GrantClaim {
  /** Counts the node's network boots: a new DISCOVER of its firmware is a new session. */
  readonly session: number;
  readonly at: number;
  /** The lease's address: nobody else gets the answer file. */
  readonly address: number;
  /** SHA-256 in hex of the token in the answer file's URL; the token itself is kept nowhere. */
  readonly tokenHash: string;
}
