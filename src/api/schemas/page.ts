import Type, { type Static, type TSchema } from 'typebox';

const DEFAULT_LIMIT = 100;

/** Of every list. `limit` is 1 to 1,000; `after` is the `next` of the page before. */
export const PageQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', description: '1 to 1000; 100 unless told.' }),
    ),
    after: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'The `next` of the page before.' })),
  },
  { additionalProperties: false },
);
export type PageQuery = Static<typeof PageQuery>;

export function pageLimit(query: PageQuery): number {
  return query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit);
}

/** `next` is absent on the last page. */
export function pageOf<T extends TSchema>(item: T) {
  return Type.Object({ items: Type.Array(item), next: Type.Optional(Type.String()) });
}
