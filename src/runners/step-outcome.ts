import type { HostOutcome, RunStep } from '../domain/hand-off.ts';
import type { EndedStep } from './launcher/run-folder.ts';
import type { StepFold, ToldHost } from './step-fold.ts';
import { lastLine } from './step-words.ts';

/**
 * - `under-way`   also what has not begun yet
 * - `not-begun`   the run is over, and it did not come to this step
 * - `never-ended` the run is gone, and nobody knows how far it came
 */
export type StepStanding = EndedStep | 'under-way' | 'not-begun' | 'never-ended';

const SUCCESS: ReadonlySet<HostOutcome['result']> = new Set(['changed', 'unchanged']);

/**
 * Ansible's exit codes are ambiguous: 2 is a failed host or a bad option, 4 an unreachable host or a parse error, 1 a file
 * that is not there. Without statistics and without any word of a host it never ran, and nothing was changed.
 */
export function neverBegan(step: Pick<RunStep, 'speaks'>, fold: StepFold, ended: EndedStep): boolean {
  if (step.speaks !== 'ansible' || fold.stats !== undefined || fold.hosts.size > 0) return false;
  return ended.exitCode !== undefined && ended.exitCode !== 0 && ended.exitCode !== 99;
}

/** What became of one host in one step. */
export function judgeHost(
  name: string,
  step: Pick<RunStep, 'name' | 'speaks'>,
  fold: StepFold,
  standing: StepStanding,
): HostOutcome {
  const told = fold.hosts.get(name);
  if (standing === 'not-begun') return { result: 'pending' };
  if (standing === 'under-way') return { result: told === undefined ? 'pending' : 'running' };
  if (step.speaks === 'plain') return judgePlain(standing);
  if (step.speaks === 'ansible') return judgeAnsible(name, step, fold, standing);
  if (told !== undefined) return toldOutcome(told);
  if (standing === 'never-ended') return { result: 'unknown' };
  const why = lastLine(standing.lastWords) ?? `it said nothing of this node (exit code ${standing.exitCode ?? '?'})`;
  return { result: 'failed', message: why };
}

function judgePlain(standing: EndedStep | 'never-ended'): HostOutcome {
  if (standing === 'never-ended' || standing.signal !== undefined) return { result: 'unknown' };
  if (standing.exitCode === 0) return { result: 'changed' };
  const why = lastLine(standing.lastWords);
  return { result: 'failed', message: `exit code ${standing.exitCode ?? '?'}${why === undefined ? '' : `: ${why}`}` };
}

function judgeAnsible(
  name: string,
  step: Pick<RunStep, 'name' | 'speaks'>,
  fold: StepFold,
  standing: EndedStep | 'never-ended',
): HostOutcome {
  const told = fold.hosts.get(name);
  if (fold.stats === undefined) return { result: told === undefined ? 'pending' : 'unknown' };
  const stats = fold.stats[name];
  const failedIn = {
    ...(told?.failedTask === undefined ? {} : { failedTask: told.failedTask }),
    ...(told?.message === undefined ? {} : { message: told.message }),
  };
  if (stats !== undefined && stats.unreachable > 0) return { result: 'unreachable', ...failedIn };
  if (stats !== undefined && stats.failures > 0) return { result: 'failed', ...failedIn };
  const isWell = standing !== 'never-ended' && standing.exitCode === 0;
  if (!isWell && fold.brokeOff)
    return {
      result: 'unknown',
      message: 'the run broke off before it was through with this node, since others failed',
    };
  if (stats === undefined)
    return {
      result: 'failed',
      message: `the playbook of ${step.name} has nothing for this node: is it in the right groups?`,
    };
  return { result: stats.changed > 0 ? 'changed' : 'unchanged' };
}

function toldOutcome(told: ToldHost): HostOutcome {
  if (told.last === 'ok') return { result: told.changed ? 'changed' : 'unchanged' };
  return {
    result: told.last,
    ...(told.failedTask === undefined ? {} : { failedTask: told.failedTask }),
    ...(told.message === undefined ? {} : { message: told.message }),
  };
}

/** Of all steps that decide about a host: the first that did not succeed counts. */
export function combinedOutcome(
  outcomes: readonly HostOutcome[],
  run: { readonly isOver: boolean; readonly isWell: boolean },
): HostOutcome {
  const trouble = outcomes.find(({ result }) => !SUCCESS.has(result));
  if (trouble !== undefined) {
    const isBegun = outcomes.some(({ result }) => result !== 'pending');
    if (trouble.result !== 'pending' || !isBegun) return trouble;
    // Through with one step, and the next has not begun.
    return { result: run.isOver ? 'unknown' : 'running' };
  }
  if (outcomes.length === 0) return { result: run.isWell ? 'unchanged' : 'pending' };
  return { result: outcomes.some(({ result }) => result === 'changed') ? 'changed' : 'unchanged' };
}
