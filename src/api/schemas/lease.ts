import Type, { type Static } from 'typebox';
import type { LeaseState } from '../../domain/lease.ts';
import { PageQuery } from './page.ts';

const STATES: readonly LeaseState[] = ['bound', 'released', 'declined'];

export const LeaseQuery = Type.Object(
  {
    ...PageQuery.properties,
    state: Type.Optional(Type.Unsafe<LeaseState>({ type: 'string', enum: [...STATES] })),
  },
  { additionalProperties: false },
);

export const LeaseView = Type.Object({
  address: Type.String(),
  key: Type.String(),
  state: Type.String(),
  mac: Type.Optional(Type.String()),
  clientId: Type.Optional(Type.String()),
  node: Type.Optional(Type.String({ description: 'Name of the node.' })),
  hostname: Type.Optional(Type.String()),
  reservation: Type.Optional(Type.String()),
  startsAt: Type.String(),
  expiresAt: Type.Optional(Type.String({ description: 'Absent where it never ends.' })),
});
export type LeaseView = Static<typeof LeaseView>;
