import type { BootEvent } from '../domain/events.ts';
import type { HostOutcome, RunStatus } from '../domain/hand-off.ts';

const MAX_NAMES = 5;

export function isSuccess({ result }: HostOutcome): boolean {
  return result === 'changed' || result === 'unchanged';
}

/** `dgx01, dgx02 and 40 more`. */
export function someOf(names: readonly string[]): string {
  if (names.length <= MAX_NAMES) return names.join(', ');
  return `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more`;
}

export function startedEvent(run: RunStatus): BootEvent {
  const names = Object.keys(run.hosts);
  const what = run.service === undefined ? run.action : `${run.action} ${run.service}`;
  return {
    type: 'run.started',
    level: 'info',
    subject: {},
    text: `${run.id}: ${what} of ${run.cluster} by ${run.runner} has begun for ${someOf(names)} (by ${run.by})${without(run)}`,
    data: { run: run.id, cluster: run.cluster, action: run.action, nodes: names.length },
  };
}

function without({ leftOut = [] }: RunStatus): string {
  return leftOut.length === 0 ? '' : `, without ${someOf(leftOut.map(({ host }) => host))}`;
}

export function endedEvent(run: RunStatus): BootEvent {
  const outcomes = Object.values(run.hosts);
  const good = outcomes.filter(isSuccess).length;
  const isWell = run.state === 'succeeded';
  return {
    type: 'run.ended',
    level: isWell ? 'info' : 'warn',
    subject: {},
    text: `${run.id} of ${run.cluster} ${isWell ? 'has succeeded' : `is ${run.state}`}: ${good} of ${outcomes.length} nodes${run.reason === undefined ? '' : `. ${run.reason}`}`,
    ...(isWell ? {} : { mend: `podboot runs show ${run.id}; podboot runs log ${run.id}` }),
    data: { run: run.id, cluster: run.cluster, state: run.state, nodes: outcomes.length, good },
  };
}
