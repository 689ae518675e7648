import { InvalidInput, type Problem } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import type {
  JobAction,
  JobRecurrence,
  JobStep,
  JobWindow,
  PowerJob,
  PowerSettings,
  Stagger,
} from '../domain/power.ts';
import { checkCron, nextTime } from './cron-times.ts';

export interface JobRequest {
  readonly action: JobAction;
  readonly by: string;
  readonly reason?: string;
  readonly origin?: PowerJob['origin'];
  readonly evenInMaintenance?: boolean;
  /** Milliseconds since 1970; at once unless told. */
  readonly startAt?: number;
  readonly recurrence?: JobRecurrence;
  readonly window?: JobWindow;
  readonly stagger?: Stagger;
  /** From its start; a day unless told, or a week with a window. */
  readonly expiresInMs?: number;
}

const DAY_MS = 86_400_000;
export const MAX_JOB_NODES = 5_000;

/** @throws InvalidInput */
export function checkRequest(nodes: readonly Node[], request: JobRequest): void {
  const problems: Problem[] = [];
  if (nodes.length === 0) problems.push({ path: '', message: 'It is for no node.', mend: 'Name some.' });
  if (nodes.length > MAX_JOB_NODES)
    problems.push({
      path: '',
      message: `It is for ${nodes.length} nodes.`,
      mend: `At most ${MAX_JOB_NODES} in one job.`,
    });
  if (request.evenInMaintenance === true && nodes.length !== 1)
    problems.push({ path: '/evenInMaintenance', message: 'It is for one node, named by itself.', mend: 'Name one.' });
  if (request.recurrence !== undefined && request.startAt !== undefined)
    problems.push({ path: '/at', message: 'A job either recurs or has a time.', mend: 'Leave one of them out.' });
  if (problems.length > 0) throw new InvalidInput('The job was refused; nothing was changed.', problems);
  if (request.recurrence !== undefined) checkCron(request.recurrence.every, request.recurrence.timeZone, '/every');
  if (request.window !== undefined) checkCron(request.window.opens, request.window.timeZone, '/window/opens');
}

export function newJob(
  id: string,
  nodes: readonly Node[],
  request: JobRequest,
  now: number,
  settings: PowerSettings,
): PowerJob {
  const { action, by, reason, origin = 'person', evenInMaintenance = false, recurrence, window } = request;
  const stagger = request.stagger ?? settings.stagger;
  const startAt =
    recurrence === undefined
      ? (request.startAt ?? now)
      : (nextTime(recurrence.every, recurrence.timeZone, now) ?? Number.MAX_SAFE_INTEGER);
  const expiresInMs = request.expiresInMs ?? (window === undefined ? DAY_MS : 7 * DAY_MS);
  return {
    id,
    action,
    by,
    ...(reason === undefined ? {} : { reason }),
    origin,
    evenInMaintenance,
    state: recurrence !== undefined || startAt > now ? 'scheduled' : 'running',
    createdAt: now,
    startAt,
    expiresAt: recurrence === undefined ? startAt + expiresInMs : Number.MAX_SAFE_INTEGER,
    ...(recurrence === undefined ? {} : { recurrence, nodeIds: nodes.map((node) => node.id) }),
    ...(window === undefined ? {} : { window }),
    ...(stagger === undefined ? {} : { stagger }),
    version: 1,
  };
}

export function newStep(jobId: string, node: Node, now: number): JobStep {
  return { jobId, nodeId: node.id, name: node.name, group: node.rack ?? '', stage: 'waiting', at: now, attempt: 0 };
}
