import Type, { type Static } from 'typebox';
import { OWNERS, type Owner } from '../../domain/schedulers.ts';
import { NodeListQuery } from './node-list.ts';

const closed = { additionalProperties: false };
const { limit: _limit, after: _after, ...selection } = NodeListQuery.properties;
const owner = (description: string) => Type.Unsafe<Owner>({ type: 'string', enum: [...OWNERS], description });
const time = (description: string) => Type.String({ maxLength: 64, description });

export const OwnerQuery = Type.Object(selection, closed);
export const OwnerAskQuery = Type.Object(
  {
    ...selection,
    dryRun: Type.Optional(
      Type.Unsafe<'true' | 'false'>({
        type: 'string',
        enum: ['true', 'false'],
        description: 'Only says what would be.',
      }),
    ),
  },
  closed,
);

export const OwnerBody = Type.Object(
  {
    to: owner('Who is to have it; `none`: neither gives it work.'),
    by: Type.String({ minLength: 1, maxLength: 64, description: 'Who asks for it, for the timeline.' }),
    force: Type.Optional(
      Type.Boolean({
        description: 'What runs there is ended; a node that the new owner does not see well is given all the same.',
      }),
    ),
    waitSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_592_000,
        description: 'How long what runs there may take to end before it is put back; 3600 unless told.',
      }),
    ),
  },
  closed,
);
export type OwnerBody = Static<typeof OwnerBody>;

export const OwnerChangeView = Type.Object(
  {
    from: Type.String(),
    to: Type.String(),
    stage: Type.String({
      description:
        'taking, clearing, giving, labelling, done; withdrawing, returning, put-back; stuck: a person has to look.',
    }),
    by: Type.String(),
    force: Type.Boolean(),
    startedAt: time('When it was asked for.'),
    since: time('Since when it is in this stage.'),
    deadlineAt: time('What still runs then makes it be put back.'),
    endedAt: Type.Optional(time('Absent: it is under way.')),
    waitsFor: Type.Optional(Type.Array(Type.String())),
    trouble: Type.Optional(Type.String()),
    mend: Type.Optional(Type.String()),
  },
  { title: 'OwnerChange' },
);
export type OwnerChangeView = Static<typeof OwnerChangeView>;

export const OwnerChangesView = Type.Object({
  items: Type.Array(Type.Object({ node: Type.String(), ...OwnerChangeView.properties })),
});
export type OwnerChangesView = Static<typeof OwnerChangesView>;

export const OwnerView = Type.Object(
  {
    node: Type.String(),
    owner: Type.String({ description: 'k8s, slurm, none; both: what must not be; unknown: one can’t be asked.' }),
    schedulers: Type.Array(
      Type.Object({
        name: Type.String(),
        state: Type.Optional(Type.String({ description: 'In its own words; absent: it has no such node.' })),
        isOpen: Type.Optional(Type.Boolean({ description: 'It gives the node work.' })),
        isReady: Type.Optional(Type.Boolean({ description: 'The node is well, as it sees it.' })),
        label: Type.Optional(Type.String()),
        trouble: Type.Optional(Type.String({ description: 'Why it can’t be asked.' })),
      }),
    ),
    change: Type.Optional(OwnerChangeView),
  },
  { title: 'NodeOwner' },
);
export type OwnerView = Static<typeof OwnerView>;
export const OwnerListView = Type.Object({ items: Type.Array(OwnerView) });
export type OwnerListView = Static<typeof OwnerListView>;

export const OwnerAnswerView = Type.Object(
  {
    node: Type.String(),
    outcome: Type.String({ description: 'started, already, would or refused.' }),
    text: Type.String(),
    mend: Type.Optional(Type.String()),
    change: Type.Optional(OwnerChangeView),
  },
  { title: 'OwnerAnswer' },
);
export type OwnerAnswerView = Static<typeof OwnerAnswerView>;
export const OwnerAnswersView = Type.Object({ items: Type.Array(OwnerAnswerView) });
export type OwnerAnswersView = Static<typeof OwnerAnswersView>;
