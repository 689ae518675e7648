import type { AnswerContext } from '../../domain/answer-file.ts';
import { AccessDenied } from '../../domain/errors.ts';
import type { AnswerTickets, GrantDirectory, GrantStanding, InstallDesk } from '../../domain/install-ports.ts';
import type { NodePort } from '../../domain/node.ts';
import type { Requester } from './requester.ts';

/** What a machine that asks for its boot script may have beside its disk. */
export interface Entitlement {
  readonly standing: GrantStanding;
  /** Where the answer files of an armed grant are. */
  readonly answers?: AnswerContext;
}

const NO_GRANT: GrantStanding = { kind: 'none', reason: 'it has no boot grant' };

/** For a daemon without a lifecycle (tests, tools): nobody is ever armed. */
export const NO_GRANTS: GrantDirectory & AnswerTickets = {
  standing: () => NO_GRANT,
  ticket: () => Promise.reject(new AccessDenied('nothing is granted here')),
  claimByScript: () => Promise.reject(new AccessDenied('nothing is granted here')),
};

export const NO_DESK: InstallDesk = {
  answerFile: () => Promise.reject(new AccessDenied('nothing is granted here')),
  callback: () => Promise.reject(new AccessDenied('nothing is granted here')),
};

export function standingOf(port: NodePort | undefined, grants: GrantDirectory): GrantStanding {
  return port === undefined ? NO_GRANT : grants.standing(port.node.id);
}

/** For a machine that boots: the way to its answer files is on disk before its script is made. @throws HostRefused */
export async function entitlementOf(
  { port, address }: Requester,
  origin: string,
  grants: GrantDirectory,
  tickets: AnswerTickets,
): Promise<Entitlement> {
  const standing = standingOf(port, grants);
  // Only an interface that boots its node has a use for it.
  if (port === undefined || standing.kind !== 'armed' || port.interface.role !== 'boot') return { standing };
  try {
    return { standing, answers: await tickets.ticket(port.node.id, address, origin) };
  } catch (error) {
    if (!(error instanceof AccessDenied)) throw error;
    // It was revoked or claimed in this very moment.
    const now = standingOf(port, grants);
    return { standing: now.kind === 'armed' ? { kind: 'none', reason: error.message } : now };
  }
}

/** For who asks what would be: no ticket is made, and the token is none. */
export function sampleEntitlement({ port, address }: Requester, origin: string, grants: GrantDirectory): Entitlement {
  const standing = standingOf(port, grants);
  if (standing.kind !== 'armed') return { standing };
  const token = '0'.repeat(40);
  return { standing, answers: { origin, token, baseUrl: `${origin}/install/${token}/`, address } };
}
