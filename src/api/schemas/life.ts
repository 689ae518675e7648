import Type, { type Static } from 'typebox';
import { NODE_STATES, type NodeState } from '../../domain/node-life.ts';
import { FaultView } from './fault.ts';
import { NodeListQuery } from './node-list.ts';
import { TimelineEntryView } from './timeline.ts';

const closed = { additionalProperties: false };
const name = (description: string) =>
  Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\u0000-\\u001f\\u007f]+$', description });

/** Where a node is in its life. */
export const LifeView = Type.Object({
  state: Type.String({ description: NODE_STATES.join(', ') }),
  step: Type.Optional(Type.String({ description: 'waiting, seen, claimed, started, finished.' })),
  since: Type.String(),
  deadline: Type.Optional(Type.String({ description: 'When somebody is told why it is late.' })),
  fault: Type.Optional(FaultView),
  reason: Type.Optional(Type.String()),
  by: Type.Optional(Type.String()),
  before: Type.Optional(Type.String({ description: 'Where it comes back to from maintenance.' })),
  pending: Type.Optional(Type.Array(Type.String(), { description: 'What is being done: network-boot, disk-first.' })),
  hostKeys: Type.Optional(Type.Array(Type.String(), { description: 'SSH host keys of its system, public halves.' })),
  version: Type.Integer(),
});
export type LifeView = Static<typeof LifeView>;

export const GrantView = Type.Object({
  id: Type.String(),
  node: Type.String(),
  profile: Type.String(),
  state: Type.String({ description: 'armed, claimed, spent, revoked, expired.' }),
  armedBy: Type.String(),
  armedAt: Type.String(),
  expiresAt: Type.String(),
  attempt: Type.Integer(),
  session: Type.Optional(Type.Integer({ description: 'The network boot that claimed it.' })),
  claimedAt: Type.Optional(Type.String()),
  address: Type.Optional(Type.String({ description: 'The address that it was claimed from.' })),
  endedAt: Type.Optional(Type.String()),
  ended: Type.Optional(Type.String({ description: 'Why.' })),
});
export type GrantView = Static<typeof GrantView>;

export const DiagnosisView = Type.Object({
  node: Type.String(),
  life: LifeView,
  code: Type.String({ description: 'Stable, for programs.' }),
  text: Type.String(),
  mend: Type.String({ description: 'What to do next.' }),
  evidence: Type.Array(TimelineEntryView),
});
export type DiagnosisView = Static<typeof DiagnosisView>;

export const ActionBody = Type.Object(
  {
    by: name('Who does it: a person’s name. It stands in the timeline.'),
    reason: Type.Optional(name('Why: DIMM swap, ticket 4711.')),
    profile: Type.Optional(name('Of install: a profile of podboot.yaml.')),
    expiresInSeconds: Type.Optional(
      Type.Integer({ minimum: 60, maximum: 30 * 86_400, description: 'Of install: how long its grant waits.' }),
    ),
    evenInMaintenance: Type.Optional(
      Type.Boolean({
        description: 'Of install, for one node: also where it is in maintenance or a runner works on it.',
      }),
    ),
    version: Type.Optional(Type.Integer({ minimum: 0, description: 'Only if its life has this version.' })),
  },
  closed,
);
export type ActionBody = Static<typeof ActionBody>;

export const ActionView = Type.Object({
  node: Type.String(),
  outcome: Type.String({ description: 'done, would (a dry run), already, refused.' }),
  text: Type.String(),
  mend: Type.Optional(Type.String()),
  state: Type.String(),
});
export type ActionView = Static<typeof ActionView>;

export const BulkActionView = Type.Object({
  dryRun: Type.Boolean(),
  items: Type.Array(ActionView),
});
export type BulkActionView = Static<typeof BulkActionView>;

const { limit: _limit, after: _after, ...selection } = NodeListQuery.properties;

const state = Type.Optional(
  Type.Unsafe<NodeState>({ type: 'string', enum: [...NODE_STATES], description: 'In this state.' }),
);

/** GET /nodes. */
export const NodesQuery = Type.Object({ ...NodeListQuery.properties, state }, closed);
export type NodesQuery = Static<typeof NodesQuery>;

/** Which nodes an action is for; at least one has to be named. */
export const ActionQuery = Type.Object(
  {
    ...selection,
    state,
    dryRun: Type.Optional(
      Type.Unsafe<'true' | 'false'>({
        type: 'string',
        enum: ['true', 'false'],
        description: 'Only say what would happen to each.',
      }),
    ),
  },
  closed,
);
export type ActionQuery = Static<typeof ActionQuery>;
