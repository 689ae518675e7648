import Type, { type Static } from 'typebox';
import { PageQuery } from './page.ts';

/** Of whom: a machine that is not enrolled. Neither: of the daemon itself. */
export const TimelineQuery = Type.Object(
  {
    ...PageQuery.properties,
    mac: Type.Optional(Type.String({ maxLength: 64, description: 'MAC address of a machine that is not enrolled.' })),
    clientId: Type.Optional(Type.String({ pattern: '^([0-9a-f]{2}){1,255}$', description: 'Its client identifier.' })),
  },
  { additionalProperties: false },
);

export const TimelineEntryView = Type.Object({
  sequence: Type.Integer(),
  at: Type.String(),
  type: Type.String(),
  level: Type.String(),
  text: Type.String(),
  mend: Type.Optional(Type.String()),
  key: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  interface: Type.Optional(Type.String()),
  data: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
export type TimelineEntryView = Static<typeof TimelineEntryView>;
