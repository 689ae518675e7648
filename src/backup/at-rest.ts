import type { BootGrant } from '../domain/boot-grant.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { DocumentKind, StoredDocuments } from '../domain/ports.ts';
import { hasEnded, type JobStep, type PowerJob } from '../domain/power.ts';

type Ender<Kind extends DocumentKind> = (
  document: StoredDocuments[Kind],
  at: number,
  why: string,
) => StoredDocuments[Kind] | undefined;

/**
 * What must not go on after a store was put back: since the backup a grant may have been used, a job done, a plan gone on,
 * and whoever has the older store can't know. Undefined: it may stay as it is. Runs need nothing: their processes are
 * looked for and not found.
 */
const ENDERS: { readonly [Kind in 'grant' | 'job' | 'job-step' | 'deployment']: Ender<Kind> } = {
  grant: (grant: BootGrant, at, why) => {
    if (grant.state !== 'armed' && grant.state !== 'claimed') return undefined;
    const state = grant.state === 'armed' ? 'revoked' : 'spent';
    return { ...grant, state, endedAt: at, ended: why, version: grant.version + 1 };
  },
  job: (job: PowerJob, at) => {
    if (job.state === 'done' || job.state === 'cancelled') return undefined;
    return { ...job, state: 'cancelled', endedAt: at, version: job.version + 1 };
  },
  'job-step': (step: JobStep, at, why) => {
    if (hasEnded(step)) return undefined;
    return { ...step, stage: step.stage === 'waiting' ? 'cancelled' : 'unsure', at, text: why };
  },
  deployment: (deployment: Deployment, _at, why) => {
    if (deployment.state !== 'running') return undefined;
    return { ...deployment, state: 'stopped', stoppedBy: why, version: deployment.version + 1 };
  },
};

export type RestingKind = keyof typeof ENDERS;
export const RESTING_KINDS = Object.keys(ENDERS) as readonly RestingKind[];

/** @returns the document as it is once nothing is under way, undefined where nothing was. `at`: milliseconds since 1970 */
export function atRest<Kind extends RestingKind>(
  kind: Kind,
  document: StoredDocuments[Kind],
  at: number,
  why: string,
): StoredDocuments[Kind] | undefined {
  return (ENDERS[kind] as Ender<Kind>)(document, at, why);
}
