import type { HostOutcome, RunState, RunStep } from '../domain/hand-off.ts';
import type { EndedStep, RunEnd } from './launcher/run-folder.ts';
import { someOf } from './run-words.ts';
import type { StepFold } from './step-fold.ts';
import { combinedOutcome, judgeHost, neverBegan, type StepStanding } from './step-outcome.ts';
import { lastLine, stepLabel } from './step-words.ts';

/** What is known of a run: its plan, what its steps told, and how it ended. */
export interface RunFacts {
  readonly plan: {
    readonly hosts: readonly { readonly name: string }[];
    readonly steps: readonly Pick<RunStep, 'name' | 'speaks' | 'hosts'>[];
  };
  /** One for each step. */
  readonly folds: readonly StepFold[];
  /** `gone`: it lives no more and left no end. */
  readonly end: RunEnd | 'gone' | undefined;
  readonly inactivityMs: number;
}

export interface RunOutcome {
  readonly state: RunState;
  readonly hosts: Readonly<Record<string, HostOutcome>>;
  /** Why it is not `succeeded`, and what to do next. */
  readonly reason?: string;
}

/** Pure. */
export function runOutcome(facts: RunFacts): RunOutcome {
  const { plan } = facts;
  const outside = facts.end === undefined ? undefined : outsideTrouble(facts);
  const hosts = Object.fromEntries(plan.hosts.map(({ name }) => [name, explained(hostOutcome(name, facts), outside)]));
  const ending = endingOf(facts, Object.values(hosts));
  // Nothing was begun: nothing can have become of anybody.
  if (ending.state === 'refused')
    return { ...ending, hosts: Object.fromEntries(plan.hosts.map(({ name }) => [name, { result: 'pending' }])) };
  return { ...ending, hosts };
}

function hostOutcome(name: string, { plan, folds, end }: RunFacts): HostOutcome {
  const outcomes = plan.steps.flatMap((step, index): HostOutcome[] => {
    const fold = folds[index];
    if (!step.hosts.includes(name) || fold === undefined) return [];
    return [judgeHost(name, step, fold, standingOfStep(end, index))];
  });
  const isOver = end !== undefined && end !== 'gone';
  const isWell = isOver && end.ending === 'done' && end.steps.every(({ exitCode }) => exitCode === 0);
  return combinedOutcome(outcomes, { isOver: end !== undefined, isWell });
}

/**
 * Who ended a step that is not of the run's own hosts: facts are gathered of the whole cluster, and a control plane lets
 * nodes in. Of those whom Ansible's statistics call so: others were rescued.
 */
function outsideTrouble({ plan, folds }: Pick<RunFacts, 'plan' | 'folds'>): string | undefined {
  const own = new Set(plan.hosts.map(({ name }) => name));
  const told = folds.flatMap((fold) =>
    Object.entries(fold.stats ?? {})
      .filter(([name, { failures, unreachable }]) => !own.has(name) && failures + unreachable > 0)
      .map(([name, { unreachable }]) => {
        const { failedTask, message } = fold.hosts.get(name) ?? {};
        const where = failedTask === undefined ? '' : ` at “${failedTask}”`;
        const why = message === undefined ? '' : `: ${message}`;
        return { name, words: `${name} ${unreachable > 0 ? 'could not be reached' : 'failed'}${where}${why}` };
      }),
  );
  const [first] = told;
  if (first === undefined) return undefined;
  const others = [...new Set(told.map(({ name }) => name))].filter((name) => name !== first.name);
  return `${first.words}${others.length === 0 ? '' : ` (and ${someOf(others)})`}`;
}

function explained(outcome: HostOutcome, outside: string | undefined): HostOutcome {
  const isOpen = outcome.result === 'pending' || outcome.result === 'unknown';
  if (!isOpen || outside === undefined || outcome.failedTask !== undefined) return outcome;
  return { ...outcome, message: outside };
}

function standingOfStep(end: RunFacts['end'], index: number): StepStanding {
  if (end === undefined) return 'under-way';
  return end === 'gone' ? 'never-ended' : (end.steps[index] ?? 'not-begun');
}

function endingOf(facts: RunFacts, hosts: readonly HostOutcome[]): Omit<RunOutcome, 'hosts'> {
  const { end, inactivityMs } = facts;
  if (end === undefined) return { state: 'running' };
  if (end === 'gone') {
    const reason =
      'It was cut off (was the host switched off, or its process killed?). Run it again: podboot runs resume.';
    return { state: 'interrupted', reason };
  }
  const begun = end.steps.length - 1;
  const label = stepLabel(facts.plan.steps, begun);
  switch (end.ending) {
    case 'stopped':
      return { state: 'stopped', reason: `It was stopped by ${end.by ?? 'somebody'}${label}.` };
    case 'inactive':
      return {
        state: 'failed',
        reason: `It said nothing for ${Math.round(inactivityMs / 60_000)} min and was stopped${label}. Look at its log and at the host that it was at.`,
      };
    case 'disk-full':
      return {
        state: 'failed',
        reason: `Its log could not be written${label}, so it was stopped: ${end.reason ?? ''}. Free some space in dataDir and resume it.`,
      };
    case 'cannot-start':
      return {
        state: begun > 0 ? 'failed' : 'refused',
        reason: `Its program could not be started${label}: ${end.reason ?? ''}.`,
      };
    case 'done':
      return doneEnding(facts, end.steps, hosts);
  }
}

function doneEnding(
  { plan, folds }: RunFacts,
  ended: readonly EndedStep[],
  hosts: readonly HostOutcome[],
): Omit<RunOutcome, 'hosts'> {
  const index = ended.length - 1;
  const [last, step, fold] = [ended[index], plan.steps[index], folds[index]];
  if (last === undefined || step === undefined || fold === undefined)
    return { state: 'refused', reason: 'It has no steps.' };
  const label = stepLabel(plan.steps, index);
  const words = lastLine(last.lastWords);
  const because = words === undefined ? '' : `: ${words}`;
  if (neverBegan(step, fold, last)) {
    const changed = folds.slice(0, index).some((each) => [...each.hosts.values()].some((host) => host.changed));
    return {
      state: changed ? 'failed' : 'refused',
      reason: `Nothing was run${label}, by exit code ${last.exitCode ?? '?'}${because}`,
    };
  }
  if (last.signal !== undefined && fold.stats === undefined)
    return { state: 'interrupted', reason: `Its process was ended by ${last.signal}${label}${because}` };
  const bad = hosts.filter(({ result }) => result !== 'changed' && result !== 'unchanged').length;
  if (last.exitCode === 0 && bad === 0) return { state: 'succeeded' };
  const outside = outsideTrouble({ plan, folds });
  if (bad > 0)
    return {
      state: 'failed',
      reason: `${bad} of ${hosts.length} nodes did not come to their end${label}${outside === undefined ? '' : `: ${outside}`}. podboot runs resume takes these alone.`,
    };
  return { state: 'failed', reason: `It ended with exit code ${last.exitCode ?? '?'}${label}${because}` };
}
