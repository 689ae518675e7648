import type { Ipv4 } from '../../domain/ipv4.ts';
import type { Lease } from '../../domain/lease.ts';
import type { SubnetSettings } from '../../domain/settings.ts';
import type { PoolCensus } from './address-pool.ts';

/** Why a message gets no answer; a counter each. */
export type SilentReason =
  /** An unknown machine where only known ones are served. */
  | 'stranger'
  /** The client took another server's offer. */
  | 'other-server-chosen'
  | 'pool-full'
  /** Nothing to answer: RELEASE, DECLINE. */
  | 'no-answer-due'
  /** Neither a hardware address nor a client identifier. */
  | 'no-identity'
  /** The client does not hold what it gives back. */
  | 'not-its-lease'
  /** A message that breaks its own rules: a REQUEST for nothing. */
  | 'senseless'
  /** It asks about a network that is not ours, in a way that another server may answer. */
  | 'not-our-network'
  | 'bootp-off'
  /** proxyDHCP tells boot clients only. */
  | 'no-boot-client'
  | 'nothing-to-boot';

export type NakReason =
  | 'wrong-network'
  | 'reserved-for-another'
  /** It has, or is to have, another address. */
  | 'has-another'
  | 'not-in-a-pool'
  | 'held-by-another'
  | 'quarantined'
  | 'unknown-lease';

/** A lease that has to be on disk, and when it ends by the monotonic clock. */
export interface LeaseChange {
  readonly lease: Lease;
  readonly endsAt: number;
}

/**
 * What a message leads to. `changes` are committed, in memory and on disk, before anything is sent.
 * An address of 0: the answer gives none (INFORM, proxyDHCP).
 */
export type Outcome =
  | { readonly kind: 'silent'; readonly reason: SilentReason }
  | { readonly kind: 'pool-full'; readonly subnet: SubnetSettings; readonly census: () => PoolCensus | undefined }
  | { readonly kind: 'declined'; readonly address: Ipv4; readonly changes: readonly LeaseChange[] }
  | { readonly kind: 'released'; readonly address: Ipv4; readonly changes: readonly LeaseChange[] }
  | { readonly kind: 'nak'; readonly reason: NakReason; readonly address: Ipv4 }
  | { readonly kind: 'reply'; readonly reply: Reply; readonly changes?: readonly LeaseChange[] };

export interface Reply {
  readonly type: 'offer' | 'ack' | 'bootp';
  readonly address: Ipv4;
  readonly subnet: SubnetSettings | undefined;
  /** Undefined: no lease times in the answer (INFORM, BOOTP, proxyDHCP). */
  readonly leaseSeconds: number | undefined;
  readonly proxy?: boolean;
}

export function silent(reason: SilentReason): Outcome {
  return { kind: 'silent', reason };
}

/** What the log says after "refused 10.77.0.130: ". */
export const NAK_TEXT: Readonly<Record<NakReason, string>> = {
  'wrong-network': 'it is not of the network that the client is on',
  'reserved-for-another': 'it is reserved for another machine',
  'has-another': 'the client has, or is to get, another address',
  'not-in-a-pool': 'it is in no pool',
  'held-by-another': 'another client holds it',
  quarantined: 'another machine was seen at it a short while ago',
  'unknown-lease': 'no lease says that the client has it',
};
