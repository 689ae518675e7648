import type { DeployForecast, Deployment } from '../domain/deployment.ts';
import type { ServiceView as Service } from '../domain/services.ts';
import type { UpdatePlan } from '../domain/update.ts';
import { iso } from './power-views.ts';
import type { DeploymentView, ForecastOfPlanView } from './schemas/deployment.ts';
import type { ServiceView, UpdatePlanView } from './schemas/service.ts';

export function serviceView({ deployedAt, needs, runs, secrets, obstacles, links, ...service }: Service): ServiceView {
  return {
    ...service,
    needs: [...needs],
    runs: [...runs],
    secrets: [...secrets],
    obstacles: [...obstacles],
    links: [...links],
    ...(deployedAt === undefined ? {} : { deployedAt: iso(deployedAt) }),
  };
}

export function updatePlanView({ from, steps, leftOut, obstacles, ...plan }: UpdatePlan): UpdatePlanView {
  return {
    ...plan,
    from: from.map(({ version, nodes }) => ({ version, nodes: [...nodes] })),
    steps: steps.map((step) => ({ ...step, nodes: [...step.nodes] })),
    leftOut: [...leftOut],
    obstacles: [...obstacles],
  };
}

export function forecastOfPlanView({ plan, steps, installs }: DeployForecast, text: string): ForecastOfPlanView {
  return {
    name: plan.name,
    text,
    steps: steps.map((step) => ({ ...step, after: [...step.after], problems: [...step.problems] })),
    installs: [...installs],
  };
}

export function deploymentView(deployment: Deployment): DeploymentView {
  const { plan, by, state, startedAt, endedAt, stoppedBy, approved } = deployment;
  return {
    name: plan.name,
    by,
    state,
    startedAt: iso(startedAt),
    ...(endedAt === undefined ? {} : { endedAt: iso(endedAt) }),
    ...(stoppedBy === undefined ? {} : { stoppedBy }),
    approved: [...approved],
    steps: plan.steps.map(({ name, title, after, isOptional, work }) => {
      const progress = deployment.steps[name] ?? { state: 'waiting', attempt: 1 };
      const { text, mend, by: person } = progress;
      return {
        ...{ name, title, after: [...after], isOptional, kind: work.kind },
        state: progress.state,
        attempt: progress.attempt,
        ...(progress.startedAt === undefined ? {} : { startedAt: iso(progress.startedAt) }),
        ...(progress.endedAt === undefined ? {} : { endedAt: iso(progress.endedAt) }),
        runs: Object.values(progress.runs ?? {}),
        ...(text === undefined ? {} : { text }),
        ...(mend === undefined ? {} : { mend }),
        ...(person === undefined ? {} : { by: person }),
        failedChecks: Object.entries(progress.checks ?? {}).map(([of, checks]) => ({ name: of, checks: [...checks] })),
      };
    }),
  };
}
