import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { AnswerFile } from '../domain/answer-file.ts';
import type { BootGrant, GrantState } from '../domain/boot-grant.ts';
import type { GrantStanding, ProfileFact } from '../domain/install-ports.ts';
import type { Node } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';

/** 160 bits: more than can be guessed, and short enough for a kernel's command line. */
const TOKEN_BYTES = 20;

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex');
}

export function hashOfToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Over everything that an installer would be given. */
export function hashOfAnswers(files: readonly AnswerFile[]): string {
  const hash = createHash('sha256');
  for (const { name, contentType, text } of files) hash.update(JSON.stringify([name, contentType, text]));
  return hash.digest('hex');
}

export interface NewGrant {
  readonly node: Node;
  readonly profile: string;
  readonly by: string;
  readonly now: number;
  readonly grantMs: number;
  readonly attempt?: number;
}

export function newGrant({ node, profile, by, now, grantMs, attempt = 1 }: NewGrant): BootGrant {
  return {
    id: randomUUID(),
    nodeId: node.id,
    profile,
    state: 'armed',
    armedBy: by,
    armedAt: now,
    expiresAt: now + grantMs,
    attempt,
    version: 1,
  };
}

/** Also after its time, until somebody has put down that it is expired. */
export function isArmed(grant: BootGrant, now: number): boolean {
  return grant.state === 'armed' && now < grant.expiresAt;
}

export function ended(
  grant: BootGrant,
  state: Exclude<GrantState, 'armed' | 'claimed'>,
  now: number,
  why: string,
): BootGrant {
  return { ...grant, state, endedAt: now, ended: why, version: grant.version + 1 };
}

/** The session that a grant was given to, 0 if none. */
export function sessionOf(grant: BootGrant | undefined): number {
  return grant?.claim?.session ?? grant?.ticket?.session ?? 0;
}

/** The newest session that the grant knows of: a node's count goes on from it after a restart. */
export function lastSessionOf(grant: BootGrant | undefined): number {
  return Math.max(sessionOf(grant), grant?.laterSession ?? 0);
}

/** What a node may boot beside its disk, in words. Pure. */
export function standingOf(life: NodeLife, grant: BootGrant | undefined, now: number): GrantStanding {
  if (life.state === 'retired') return { kind: 'retired', reason: `it is retired${personText(life)}` };
  if (life.state === 'maintenance') return { kind: 'none', reason: `it is in maintenance${personText(life)}` };
  if (grant === undefined) return { kind: 'none', reason: 'it has no boot grant' };
  if (isArmed(grant, now)) return { kind: 'armed', grant };
  return { kind: 'none', reason: endText(grant) };
}

/** `: DIMM swap, ticket 4711 (anna)`. */
export function personText({ reason, by }: NodeLife): string {
  return `${reason === undefined ? '' : `: ${reason}`}${by === undefined ? '' : ` (${by})`}`;
}

function endText(grant: BootGrant): string {
  const of = `its boot grant of ${clockText(grant.armedAt)}`;
  switch (grant.state) {
    case 'claimed':
      return `${of} is claimed by an earlier network boot (session ${grant.claim?.session ?? '?'})`;
    case 'armed':
    case 'expired':
      return `${of} expired at ${clockText(grant.expiresAt)}`;
    case 'revoked':
    case 'spent':
      return `${of} is ${grant.state}${grant.ended === undefined ? '' : `: ${grant.ended}`}`;
  }
}

/** `2026-11-24 11:02 UTC`. */
export function clockText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? 'an unknown time' : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export interface ArmRequest {
  readonly profile: string;
  /** A name that the operator gave, or `rule NAME`. */
  readonly by: string;
  /** The node was named by itself, by a person: the one way to arm it in maintenance. */
  readonly explicit: boolean;
}

export type ArmVerdict =
  | { readonly verdict: 'arm'; readonly text: string }
  /** The same was armed by the same before. */
  | { readonly verdict: 'already'; readonly text: string; readonly grant: BootGrant }
  | { readonly verdict: 'refuse'; readonly code: string; readonly text: string; readonly mend: string };

/** Whether a node may be armed now, and what would come of it. Pure. */
export function judgeArm(
  node: Node,
  life: NodeLife,
  grant: BootGrant | undefined,
  fact: ProfileFact | undefined,
  request: ArmRequest,
  now: number,
): ArmVerdict {
  const { profile, by } = request;
  const refuse = (code: string, text: string, mend: string): ArmVerdict => ({ verdict: 'refuse', code, text, mend });
  if (fact === undefined) return refuse('no-profile', `there is no profile ${profile}`, 'Write it under profiles.');
  if (fact.problem !== undefined) {
    return refuse(
      'profile-wrong',
      `profile ${profile} is wrong: ${fact.problem}`,
      'Correct it (podboot check-config).',
    );
  }
  if (!fact.destructive) {
    const mend = `Set it for the node: podboot nodes set ${node.name} --profile ${profile}`;
    return refuse('no-grant-needed', `profile ${profile} writes to no disk and needs no grant`, mend);
  }
  if (life.state === 'retired') {
    return refuse('retired', `${node.name} is retired${personText(life)}`, `podboot reinstate ${node.name}`);
  }
  if (life.state === 'maintenance' && !request.explicit) {
    const mend = `podboot maintenance --leave ${node.name}, or arm it by its name with --even-in-maintenance and --by.`;
    return refuse('maintenance', `${node.name} is in maintenance${personText(life)}`, mend);
  }
  if (grant !== undefined && isArmed(grant, now)) {
    const until = `until ${clockText(grant.expiresAt)}`;
    if (grant.profile === profile && grant.armedBy === by) {
      return { verdict: 'already', grant, text: `${node.name} is armed for ${profile} already, ${until}` };
    }
    const text = `${node.name} was armed for ${grant.profile} by ${grant.armedBy} at ${clockText(grant.armedAt)}, ${until}`;
    return refuse('armed-already', text, `podboot revoke ${node.name}, if that is meant.`);
  }
  if (life.state === 'installing' && life.step !== 'finished' && life.fault === undefined) {
    const text = `${node.name} is being installed: its grant was claimed at ${clockText(grant?.claim?.claimedAt ?? life.since)}`;
    return refuse('installing', text, `podboot revoke ${node.name} gives that installation up.`);
  }
  if (life.state === 'installing' && life.fault === undefined && !request.explicit) {
    // A bulk command that is repeated finds nodes here whose disks are but minutes old.
    const text = `${node.name} has just been installed, and its system has not been seen yet`;
    return refuse('installing', text, 'Wait until it is installed, or arm the node by its name.');
  }
  if (life.state === 'handing-off' && !request.explicit) {
    return refuse('handing-off', `a runner works on ${node.name}`, 'Wait for it, or arm the node by its name.');
  }
  return { verdict: 'arm', text: `${node.name} (${life.state}) would be armed for ${profile} and started` };
}
