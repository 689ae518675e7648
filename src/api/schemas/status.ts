import Type, { type Static } from 'typebox';

export const InterfaceStatus = Type.Object({ name: Type.String(), address: Type.String(), dhcp: Type.String() });

export const StatusView = Type.Object(
  {
    version: Type.String(),
    startedAt: Type.String(),
    uptimeSeconds: Type.Integer(),
    interfaces: Type.Array(InterfaceStatus),
    nodes: Type.Integer(),
    leases: Type.Record(Type.String(), Type.Integer(), { description: 'How many, by state.' }),
    residentBytes: Type.Integer(),
    counters: Type.Record(Type.String(), Type.Record(Type.String(), Type.Number()), { description: 'By service.' }),
  },
  { title: 'Status' },
);
export type StatusView = Static<typeof StatusView>;
