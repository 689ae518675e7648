import Type, { type Static } from 'typebox';

export type HealthView = Static<typeof HealthView>;
export const HealthView = Type.Object(
  {
    alive: Type.Boolean({ description: 'False: only a restart helps.' }),
    ready: Type.Boolean({ description: 'It serves.' }),
    checks: Type.Array(
      Type.Object({
        name: Type.String({ description: '`started`, `store`, `disk`.' }),
        ok: Type.Boolean(),
        text: Type.String(),
        mend: Type.Optional(Type.String()),
      }),
    ),
  },
  { title: 'Health' },
);
