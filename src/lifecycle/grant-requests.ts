import type { BootGrant } from '../domain/boot-grant.ts';
import type { CallbackKind } from '../domain/install-ports.ts';
import { installerWords } from '../domain/installer-words.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { NodeLife } from '../domain/node-life.ts';
import { clockText, isArmed, personText } from './grant-rules.ts';

/** Why a request is refused: `code` for counters, `text` for the timeline. */
export interface Refusal {
  readonly code:
    | 'unknown-token'
    | 'other-address'
    | 'other-session'
    | 'expired'
    | 'ended'
    | 'replayed'
    | 'too-early'
    | 'too-late'
    | 'left-alone';
  readonly text: string;
}

export interface Circumstances {
  readonly now: number;
  readonly peer: Ipv4;
  /** Of the node, by its firmware's DISCOVERs. */
  readonly session: number;
  readonly claimMs: number;
  readonly isCurrent: boolean;
}

/** Whether a node may have an answer file by this grant now. Pure. Undefined: it may. */
export function judgeAnswerRequest(
  grant: BootGrant,
  life: NodeLife,
  { now, peer, session, claimMs, isCurrent }: Circumstances,
): Refusal | undefined {
  const ticket = grant.claim ?? grant.ticket;
  if (ticket === undefined || !isCurrent) return { code: 'ended', text: 'the grant is not in force any more' };
  if (peer !== ticket.address) return otherAddress(peer, ticket.address);
  if (life.state === 'maintenance' || life.state === 'retired') {
    return { code: 'left-alone', text: `the node is in ${life.state}${personText(life)}` };
  }
  if (grant.state === 'revoked' || grant.state === 'expired') {
    return {
      code: grant.state === 'expired' ? 'expired' : 'ended',
      text: `the grant is ${grant.state}${endedText(grant)}`,
    };
  }
  if (grant.state === 'spent') {
    return { code: 'replayed', text: `the grant is spent${endedText(grant)}: no answer file is given any more` };
  }
  if (ticket.session !== session) {
    const text = `it was given to boot session ${ticket.session}; the firmware has asked for an address since (session ${session})`;
    return { code: 'other-session', text };
  }
  if (grant.state === 'armed' && !isArmed(grant, now)) {
    return { code: 'expired', text: `the grant expired at ${clockText(grant.expiresAt)}` };
  }
  if (grant.claim !== undefined && now >= grant.claim.claimedAt + claimMs) {
    return { code: 'replayed', text: `the grant was claimed at ${clockText(grant.claim.claimedAt)}, too long ago` };
  }
  return undefined;
}

/** States in which an installation may still be reported on; maintenance lets it go on. */
function isBeingInstalled(life: NodeLife): boolean {
  return life.state === 'installing' || (life.state === 'maintenance' && life.before === 'installing');
}

function isInstalled(life: NodeLife): boolean {
  return life.state === 'installed' || life.state === 'handing-off' || life.state === 'ready';
}

/** Whether the installer, or the installed system, may tell this now. Pure. Undefined: it may. */
export function judgeCallback(
  grant: BootGrant,
  life: NodeLife,
  kind: CallbackKind,
  { now, peer, session, isCurrent }: Circumstances,
  /** The peer's address is one of the node's own. */
  isOwnAddress: boolean,
): Refusal | undefined {
  const ticket = grant.claim ?? grant.ticket;
  if (ticket === undefined || !isCurrent) return { code: 'ended', text: 'the grant is not in force any more' };
  // The installed system may ask through another of the node's interfaces than its firmware did.
  const isFromThere = peer === ticket.address || (kind === 'booted' && isOwnAddress);
  if (!isFromThere) return otherAddress(peer, ticket.address);
  if (grant.state === 'revoked' || grant.state === 'expired') {
    return {
      code: grant.state === 'expired' ? 'expired' : 'ended',
      text: `the grant is ${grant.state}${endedText(grant)}`,
    };
  }
  if (grant.state === 'armed') {
    if (kind === 'finished' || kind === 'booted') {
      return { code: 'too-early', text: `it says ${kind}, but no answer file was ever fetched` };
    }
    if (!isArmed(grant, now)) return { code: 'expired', text: `the grant expired at ${clockText(grant.expiresAt)}` };
    if (ticket.session !== session) {
      return { code: 'other-session', text: `it was given to boot session ${ticket.session}, now is ${session}` };
    }
    return life.state === 'maintenance' || life.state === 'retired'
      ? { code: 'left-alone', text: `the node is in ${life.state}${personText(life)}` }
      : undefined;
  }
  if (isBeingInstalled(life)) return undefined;
  // The answer to the first one may have been lost: it is told again, and changes nothing.
  if (kind === 'booted' && isInstalled(life)) return undefined;
  return { code: 'too-late', text: `it says ${kind}, but the node is ${life.state}` };
}

function otherAddress(peer: Ipv4, address: Ipv4): Refusal {
  return { code: 'other-address', text: `${formatIpv4(peer)} asked; it was given to ${formatIpv4(address)}` };
}

function endedText(grant: BootGrant): string {
  return grant.ended === undefined ? '' : ` (${grant.ended})`;
}

const MAX_HOST_KEYS = 8;
/** `ssh-ed25519 AAAA… comment`: RSA keys of 16,384 bits have 2.8 kB. */
const HOST_KEY =
  /^(ssh-[a-z0-9-]{1,32}|ecdsa-sha2-[a-z0-9-]{1,32}|sk-[a-z0-9@.-]{1,48}) ([A-Za-z0-9+/]{32,4096}={0,2})( .*)?$/;

/** Public halves of SSH host keys among the lines of a callback; comments are left out. */
export function hostKeysIn(text: string): string[] {
  const keys = text.split('\n').flatMap((line) => {
    const match = HOST_KEY.exec(line.trim());
    return match === null ? [] : [`${match[1]} ${match[2]}`];
  });
  return [...new Set(keys)].slice(0, MAX_HOST_KEYS);
}

const MAX_LINES = 40;
const MAX_LINE_LENGTH = 400;

/** The last lines of what an installer sent, harmless for a terminal and a log. */
export function wordsOf(text: string, maxLines = MAX_LINES): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => installerWords(line))
    .filter((line) => line !== '')
    .slice(-maxLines)
    .map((line) => (line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}…` : line));
}
