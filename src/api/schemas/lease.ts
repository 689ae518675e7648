import Type, { type Static } from 'typebox';
import type { LeaseState } from '../../domain/lease.ts';
import { PageQuery } from './page.ts';

const STATES: readonly LeaseState[] = ['bound', 'released', 'declined'];

export const LeaseQuery = Type.Object(
  {
    ...PageQuery.properties,
    state: Type.Optional(
      Type.Unsafe<LeaseState>({
        type: 'string',
        enum: [...STATES],
        description: 'declined is a quarantine: another machine was seen at the address.',
      }),
    ),
    node: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Of this node: id, name or MAC address.' }),
    ),
    mac: Type.Optional(Type.String({ maxLength: 64, description: 'Of this MAC address.' })),
    subnet: Type.Optional(Type.String({ maxLength: 18, description: 'In this network: 10.77.0.0/24.' })),
  },
  { additionalProperties: false },
);
export type LeaseQuery = Static<typeof LeaseQuery>;

export const LeaseView = Type.Object(
  {
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
  },
  { title: 'Lease' },
);
export type LeaseView = Static<typeof LeaseView>;
