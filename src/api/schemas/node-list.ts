import Type, { type Static } from 'typebox';
import { PageQuery } from './page.ts';

const value = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 1_024, description }));

/** GET /nodes. */
export const NodeListQuery = Type.Object(
  {
    ...PageQuery.properties,
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8_192,
        description: 'A list of hosts, in which * and ? stand for any characters and any one: `dgx[01-32],login*`.',
      }),
    ),
    rack: value('That stand in this rack.'),
    role: value('That have this role.'),
    group: value('Of this group of podboot.yaml.'),
    label: Type.Optional(
      Type.Unsafe<string | readonly string[]>({
        type: ['string', 'array'],
        items: { type: 'string', minLength: 1, maxLength: 1_024 },
        maxItems: 16,
        minLength: 1,
        maxLength: 1_024,
        description: 'That have this label: `row=a`, or `row` for any value. May be repeated: all of them.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type NodeListQuery = Static<typeof NodeListQuery>;
