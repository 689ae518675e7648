import Type, { type Static } from 'typebox';
import { HOST_RESULTS, RUN_ACTIONS, RUN_STATES, RUNNER_KINDS } from '../../domain/hand-off.ts';

const closed = { additionalProperties: false };
const word = <const V extends readonly string[]>(values: V, description: string) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], description });
const time = (description: string) => Type.String({ format: 'date-time', description });
const person = Type.String({ minLength: 1, maxLength: 128, description: 'Who asks for it.' });
const nodeName = Type.String({ minLength: 1, maxLength: 63, description: 'A node, by its name.' });

export const HostOutcomeView = Type.Object(
  {
    result: word(HOST_RESULTS, '`unknown`: the run broke off; what it did there has to be done again.'),
    failedTask: Type.Optional(Type.String()),
    message: Type.Optional(Type.String({ description: 'With what words it failed.' })),
  },
  { title: 'HostOutcome' },
);

const LeftOut = Type.Array(Type.Object({ host: Type.String(), because: Type.String() }), {
  description: 'Nodes of the cluster that it does not speak to, and why.',
});

export const RunView = Type.Object(
  {
    id: Type.String(),
    cluster: Type.String(),
    runner: word(RUNNER_KINDS, 'By which runner.'),
    action: word(RUN_ACTIONS, 'What for.'),
    ungraceful: Type.Optional(Type.Boolean({ description: 'Nodes that do not answer are removed too.' })),
    service: Type.Optional(Type.String({ description: 'Entry of the catalogue.' })),
    by: Type.String({ description: 'Who began it; `installed`: nodes that had finished.' }),
    state: word(RUN_STATES, '`refused`: nothing was changed. `interrupted`: it was cut off.'),
    hosts: Type.Record(Type.String(), HostOutcomeView),
    steps: Type.Array(
      Type.Object({
        name: Type.String(),
        exitCode: Type.Optional(Type.Integer()),
        signal: Type.Optional(Type.String()),
      }),
    ),
    progress: Type.Optional(
      Type.Object({
        play: Type.Optional(Type.String()),
        task: Type.Optional(Type.String()),
        tasksDone: Type.Integer(),
        tasksSeen: Type.Integer({ description: 'At least so many: includes add to them on the way.' }),
      }),
    ),
    inventoryHash: Type.Optional(Type.String({ description: 'SHA-256 of its inventory.' })),
    leftOut: Type.Optional(LeftOut),
    resumes: Type.Optional(Type.String({ description: 'The run that it goes on with.' })),
    stoppedBy: Type.Optional(Type.String()),
    startedAt: time('When it began.'),
    endedAt: Type.Optional(time('When it ended.')),
    reason: Type.Optional(Type.String({ description: 'Why it has not succeeded, and what to do next.' })),
  },
  { title: 'Run' },
);
export type RunView = Static<typeof RunView>;

export const RunBody = Type.Object(
  {
    cluster: Type.String({ minLength: 1, maxLength: 63, description: 'Name of a cluster of podboot.yaml.' }),
    action: word(
      RUN_ACTIONS.filter((action) => action !== 'service'),
      'What it is to do.',
    ),
    nodes: Type.Optional(
      Type.Array(nodeName, { maxItems: 10_000, description: 'Limits it to these; absent: everybody in the cluster.' }),
    ),
    ungraceful: Type.Optional(
      Type.Boolean({ description: 'Of `remove`: nodes that do not answer are taken out without being reset.' }),
    ),
    by: person,
  },
  closed,
);

export const ByBody = Type.Object({ by: person }, closed);
export const ResumeRunBody = Type.Object(
  {
    by: person,
    confirmInventory: Type.Optional(
      Type.Boolean({ description: 'Also with another inventory than it was begun with.' }),
    ),
  },
  closed,
);

export const RunPlanView = Type.Object(
  {
    runner: word(RUNNER_KINDS, 'By which runner.'),
    nodes: Type.Array(Type.String()),
    steps: Type.Array(Type.Object({ name: Type.String(), argv: Type.Array(Type.String()) })),
    inventoryHash: Type.Optional(Type.String()),
    leftOut: Type.Optional(LeftOut),
    obstacles: Type.Array(
      Type.Object({
        code: Type.String(),
        host: Type.Optional(Type.String()),
        message: Type.String(),
        mend: Type.String(),
      }),
    ),
  },
  { title: 'RunPlan' },
);
export type RunPlanView = Static<typeof RunPlanView>;

export const LogQuery = Type.Object(
  {
    after: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,15}$', description: 'Bytes that are known: `next` of the page before.' }),
    ),
    wait: Type.Optional(
      Type.String({
        pattern: '^([0-9]|[12][0-9]|30)$',
        description: 'Seconds to wait for something to come, 0 to 30.',
      }),
    ),
  },
  closed,
);
export const LogPageView = Type.Object(
  {
    text: Type.String({ description: 'Whole lines, without what looks like a secret.' }),
    next: Type.Integer({ description: 'Where the next page begins.' }),
    isEnd: Type.Boolean({ description: 'The run has ended, and this is all.' }),
  },
  { title: 'LogPage' },
);
export type LogPageView = Static<typeof LogPageView>;

export const CheckView = Type.Object({
  check: Type.String(),
  ok: Type.Boolean(),
  expected: Type.String(),
  found: Type.String(),
  mend: Type.Optional(Type.String()),
});

export const HandOffResultView = Type.Object(
  {
    node: Type.String(),
    cluster: Type.String(),
    run: Type.String(),
    outcome: HostOutcomeView,
    checks: Type.Array(CheckView, { description: 'What its acceptance found.' }),
    at: time('When.'),
  },
  { title: 'HandOffResult' },
);
export type HandOffResultView = Static<typeof HandOffResultView>;

export const ClusterView = Type.Object(
  {
    name: Type.String(),
    runner: word(RUNNER_KINDS, 'By which runner nodes join.'),
    roles: Type.Array(Type.String()),
    waiting: Type.Array(
      Type.Object({ node: Type.String(), since: time('Since when it waits.'), interruptions: Type.Integer() }),
    ),
    run: Type.Optional(Type.String({ description: 'The run that hands nodes over now.' })),
    underWay: Type.Array(Type.String(), { description: 'Nodes of that run.' }),
    halt: Type.Optional(Type.Object({ text: Type.String(), mend: Type.String(), at: time('When it stopped.') })),
    blocked: Type.Optional(
      Type.Object({ text: Type.String(), mend: Type.String(), nextAt: time('When it is tried again.') }),
    ),
  },
  { title: 'Cluster' },
);
export type ClusterView = Static<typeof ClusterView>;

export const RetryBody = Type.Object(
  { nodes: Type.Array(nodeName, { minItems: 1, maxItems: 10_000 }), by: person },
  closed,
);
export const AcceptBody = Type.Object(
  { by: person, reason: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Why.' })) },
  closed,
);
