import Type, { type Static } from 'typebox';
import { CheckView } from './run.ts';

const closed = { additionalProperties: false };
const person = Type.String({ minLength: 1, maxLength: 128, description: 'Who asks for it.' });
const planText = Type.Optional(
  Type.String({ maxLength: 262_144, description: 'A plan as YAML; absent: the one that follows the guide.' }),
);

export const PlanBody = Type.Object({ plan: planText }, closed);
export const StartDeploymentBody = Type.Object(
  {
    plan: planText,
    by: person,
    installs: Type.Integer({
      minimum: 0,
      maximum: 100_000,
      description: 'How many nodes may be wiped and installed: the number that the forecast has.',
    }),
  },
  closed,
);
export const DeploymentParams = Type.Object({
  deployment: Type.String({ minLength: 1, maxLength: 40, description: 'Name of its plan.' }),
});
export const StepBody = Type.Object(
  { by: person, step: Type.String({ minLength: 1, maxLength: 40, description: 'Name of the step.' }) },
  closed,
);
export const StopDeploymentBody = Type.Object(
  { by: person, runs: Type.Optional(Type.Boolean({ description: 'Its runs are stopped too.' })) },
  closed,
);

const stepHead = {
  name: Type.String(),
  title: Type.String(),
  after: Type.Array(Type.String(), { description: 'Steps that it waits for.' }),
};

export const ForecastOfPlanView = Type.Object(
  {
    name: Type.String(),
    text: Type.String({ description: 'The plan as YAML.' }),
    steps: Type.Array(
      Type.Object({
        ...stepHead,
        text: Type.String({ description: 'What it would do, in a sentence.' }),
        problems: Type.Array(Type.Object({ message: Type.String(), mend: Type.String() })),
      }),
    ),
    installs: Type.Array(Type.String(), { description: 'Nodes whose disks it would wipe.' }),
  },
  { title: 'DeployForecast' },
);
export type ForecastOfPlanView = Static<typeof ForecastOfPlanView>;

export const DeploymentView = Type.Object(
  {
    name: Type.String(),
    by: Type.String(),
    state: Type.String({ description: 'running, stopped, done, failed.' }),
    startedAt: Type.String(),
    endedAt: Type.Optional(Type.String()),
    stoppedBy: Type.Optional(Type.String()),
    approved: Type.Array(Type.String(), { description: 'Nodes that it may wipe and install.' }),
    steps: Type.Array(
      Type.Object({
        ...stepHead,
        kind: Type.String({ description: 'check, nodes, run, services, install, owner, verify, confirm.' }),
        state: Type.String({ description: 'waiting, running, done, failed, left-out.' }),
        attempt: Type.Integer(),
        isOptional: Type.Boolean(),
        startedAt: Type.Optional(Type.String()),
        endedAt: Type.Optional(Type.String()),
        runs: Type.Array(Type.String(), { description: 'Ids of its runs.' }),
        text: Type.Optional(Type.String({ description: 'What it waits for, or what came of it.' })),
        mend: Type.Optional(Type.String()),
        by: Type.Optional(Type.String({ description: 'Who confirmed it, or left it out.' })),
        failedChecks: Type.Array(Type.Object({ name: Type.String(), checks: Type.Array(CheckView) }), {
          description: 'Of `verify`: of nodes and services.',
        }),
      }),
    ),
  },
  { title: 'Deployment' },
);
export type DeploymentView = Static<typeof DeploymentView>;
export const DeploymentListView = Type.Object({ items: Type.Array(DeploymentView) });
export type DeploymentListView = Static<typeof DeploymentListView>;
