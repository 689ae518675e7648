import type { Deployment, DeployStep, DeployStepProgress } from '../../domain/deployment.ts';
import type { Decision, DeployWorld } from './decision.ts';
import { StepRules, say } from './step-rules.ts';

/** Pure: what a plan that is under way has to do now. Nothing while it is stopped, or has ended. */
export function next(deployment: Deployment, world: DeployWorld): readonly Decision[] {
  if (deployment.state !== 'running') return [];
  const { steps } = deployment.plan;
  const decisions = steps.flatMap((step) => ofStep(deployment, step, world));
  if (decisions.some(({ kind }) => kind !== 'say')) return decisions;
  const states = steps.map(({ name }) => progressOf(deployment, name).state);
  if (states.includes('running')) return decisions;
  const isWell = steps.every((step) => isOver(step, progressOf(deployment, step.name)));
  return [...decisions, { kind: 'end', state: isWell ? 'done' : 'failed' }];
}

export function progressOf({ steps }: Deployment, name: string): DeployStepProgress {
  return steps[name] ?? { state: 'waiting', attempt: 1 };
}

function isOver({ isOptional }: DeployStep, { state }: DeployStepProgress): boolean {
  return state === 'done' || state === 'left-out' || (state === 'failed' && isOptional);
}

function ofStep(deployment: Deployment, step: DeployStep, world: DeployWorld): readonly Decision[] {
  const progress = progressOf(deployment, step.name);
  if (progress.state === 'waiting') {
    const open = step.after.filter((name) => {
      const before = deployment.plan.steps.find((each) => each.name === name);
      return before !== undefined && !isOver(before, progressOf(deployment, name));
    });
    if (open.length === 0) return [{ kind: 'begin', step: step.name }];
    return say(progress, step.name, `after ${open.join(', ')}`);
  }
  if (progress.state !== 'running') return [];
  const { deadlineMs } = step;
  if (deadlineMs !== undefined && world.now - (progress.startedAt ?? world.now) > deadlineMs)
    return [
      {
        kind: 'settle',
        step: step.name,
        state: 'failed',
        text: `not done within ${Math.round(deadlineMs / 60_000)} min; last: ${progress.text ?? 'nothing was said'}`,
        mend: `Look at what it waited for, then: podboot deploy resume ${deployment.plan.name}`,
      },
    ];
  return new StepRules(deployment, step, progress, world).decide(step.work);
}
