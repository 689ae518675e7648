import Type, { type Static } from 'typebox';

const closed = { additionalProperties: false };
const person = Type.String({ minLength: 1, maxLength: 128, description: 'Who asks for it.' });

export const ServiceParams = Type.Object({
  cluster: Type.String({ minLength: 1, maxLength: 63, description: 'Name of a cluster of podboot.yaml.' }),
  service: Type.String({ minLength: 1, maxLength: 40, description: 'Name of an entry of the catalogue.' }),
});
export const ServicesParams = Type.Object({ cluster: ServiceParams.properties.cluster });
export const ServicesQuery = Type.Object(
  {
    probe: Type.Optional(
      Type.Unsafe<'true' | 'false'>({
        type: 'string',
        enum: ['true', 'false'],
        description: 'true asks the pages of those that are deployed.',
      }),
    ),
  },
  closed,
);
export const PersonBody = Type.Object({ by: person }, closed);

export const LinkView = Type.Object({
  name: Type.String(),
  url: Type.Optional(Type.String({ description: 'Absent: the node that it is on has no address yet.' })),
  probe: Type.Optional(
    Type.Object({
      isUp: Type.Boolean(),
      found: Type.String({ description: 'What was seen: 200, or whatever was there instead.' }),
      mend: Type.Optional(Type.String()),
    }),
  ),
});

export const ServiceView = Type.Object(
  {
    name: Type.String(),
    title: Type.String(),
    summary: Type.String(),
    origin: Type.String({ description: 'podboot, or operator: an entry of the operator’s own.' }),
    needs: Type.Array(Type.String(), { description: 'Services that have to be there first.' }),
    state: Type.String({ description: 'not-deployed, deploying, deployed, failed.' }),
    run: Type.Optional(Type.String({ description: 'The newest run of it.' })),
    deployedAt: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
    runs: Type.Array(Type.String(), { description: 'What of the checkout would be run, step for step.' }),
    links: Type.Array(LinkView),
    log: Type.Optional(Type.String({ description: 'How its own log is read.' })),
    secrets: Type.Array(Type.String(), { description: 'Names of secrets that nobody has seen yet.' }),
    obstacles: Type.Array(Type.Object({ message: Type.String(), mend: Type.String() })),
    notes: Type.Optional(Type.String()),
  },
  { title: 'Service' },
);
export type ServiceView = Static<typeof ServiceView>;
export const ServiceListView = Type.Object({ items: Type.Array(ServiceView) });
export type ServiceListView = Static<typeof ServiceListView>;

export const SecretsView = Type.Object({
  items: Type.Array(Type.Object({ name: Type.String(), value: Type.String() })),
});
export type SecretsView = Static<typeof SecretsView>;

export const UpdatePlanView = Type.Object(
  {
    cluster: Type.String(),
    runner: Type.String(),
    from: Type.Array(Type.Object({ version: Type.String(), nodes: Type.Array(Type.String()) }), {
      description: 'Versions that run now, with their nodes.',
    }),
    to: Type.Optional(Type.String({ description: 'To what it is pinned.' })),
    checkout: Type.Optional(Type.Object({ path: Type.String(), commit: Type.Optional(Type.String()) })),
    steps: Type.Array(
      Type.Object({
        name: Type.String(),
        nodes: Type.Array(Type.String()),
        atOnce: Type.Optional(Type.String({ description: 'How many at once: 20%.' })),
      }),
    ),
    leftOut: Type.Array(Type.Object({ host: Type.String(), because: Type.String() }), {
      description: 'Nodes that would keep their version, and why.',
    }),
    isUpToDate: Type.Boolean(),
    obstacles: Type.Array(
      Type.Object({
        code: Type.String(),
        host: Type.Optional(Type.String()),
        message: Type.String(),
        mend: Type.String(),
      }),
    ),
  },
  { title: 'UpdatePlan' },
);
export type UpdatePlanView = Static<typeof UpdatePlanView>;
export const UpdateBody = Type.Object(
  {
    to: Type.String({ minLength: 1, maxLength: 40, description: 'The version of the plan that was looked at.' }),
    by: person,
  },
  closed,
);
