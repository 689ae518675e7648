import type { NodeId } from './node.ts';

/**
 * - `armed`   waits for the node's next network boot
 * - `claimed` one boot session has asked for its answer file: no other session ever gets one by it
 * - `spent`   no answer file is given any more: the installer has said that it started, the time of the claim has passed,
 *   or the machine's firmware has asked for an address again
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
  /** 1, or more where the operator's retry policy armed it after a failure. */
  readonly attempt: number;
  /** Whom the boot script has shown the way to the answer files, before they were asked for. */
  readonly ticket?: GrantTicket;
  /** A boot session that began after the ticket was given, without a claim: the ticket is worth nothing, after a restart too. */
  readonly laterSession?: number;
  readonly claim?: GrantClaim;
  /** When it was spent or revoked, or expired. */
  readonly endedAt?: number;
  /** Why it ended: `revoked by anna`. */
  readonly ended?: string;
  readonly version: number;
}

/** One boot session's way to the answer files. A later session gets another, and this one is worth nothing then. */
export interface GrantTicket {
  /** Counts the node's network boots: a new DISCOVER of its firmware is a new session. */
  readonly session: number;
  readonly at: number;
  /** The address that the boot script was fetched from: nobody else gets the answer file. */
  readonly address: number;
  /** SHA-256 in hex of the token in the answer file's URL; the token itself is kept nowhere. */
  readonly tokenHash: string;
}

/** The one boot session that holds a grant: its ticket, and what it was given. */
export interface GrantClaim extends GrantTicket {
  /** When the first answer file was asked for. */
  readonly claimedAt: number;
  /** SHA-256 in hex over all of the answer files: a repeated request gets the same bytes or none. */
  readonly answersHash: string;
}
