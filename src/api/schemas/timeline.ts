import Type, { type Static } from 'typebox';
import type { EventLevel } from '../../domain/events.ts';
import { PageQuery, pageOf } from './page.ts';

const LEVELS: readonly EventLevel[] = ['debug', 'info', 'warn', 'error'];

/** Of everything that lists events or streams them. */
export const EVENT_FILTERS = {
  type: Type.Optional(
    Type.String({ pattern: '^[a-z0-9.-]{1,64}$', description: 'What the type begins with: `dhcp.`, `tftp.done`.' }),
  ),
  level: Type.Optional(
    Type.Unsafe<EventLevel>({ type: 'string', enum: [...LEVELS], description: 'This level and those above it.' }),
  ),
  since: Type.Optional(
    Type.String({ maxLength: 40, description: 'Only what came at this time or later: 2026-01-31T12:00:00Z.' }),
  ),
};

export const TimelinePageQuery = Type.Object(
  { ...PageQuery.properties, ...EVENT_FILTERS },
  { additionalProperties: false },
);
export type TimelinePageQuery = Static<typeof TimelinePageQuery>;

/** Of whom: a machine that is not enrolled. Neither: of the daemon itself. */
export const TimelineQuery = Type.Object(
  {
    ...TimelinePageQuery.properties,
    mac: Type.Optional(Type.String({ maxLength: 64, description: 'MAC address of a machine that is not enrolled.' })),
    clientId: Type.Optional(
      Type.String({ pattern: '^([0-9a-f]{2}){1,255}$', description: 'Its client identifier, in hexadecimal.' }),
    ),
  },
  { additionalProperties: false },
);

export const TimelineEntryView = Type.Object(
  {
    sequence: Type.Integer({ description: 'Grows with each event and is never given twice.' }),
    at: Type.String({ description: 'RFC 3339.' }),
    type: Type.String({ description: 'Stable, for programs: `dhcp.offer`, `tftp.done`.' }),
    level: Type.String(),
    text: Type.String({ description: 'One sentence for people.' }),
    mend: Type.Optional(Type.String({ description: 'What to do about it.' })),
    node: Type.Optional(Type.String({ description: 'The name that the node had then.' })),
    nodeId: Type.Optional(Type.String()),
    key: Type.Optional(
      Type.String({ description: 'The interface: `mac:52:54:00:77:00:01`, or `cid:` and hexadecimal.' }),
    ),
    address: Type.Optional(Type.String()),
    interface: Type.Optional(Type.String({ description: 'Of this machine: where it came in.' })),
    data: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'Figures, with units in their names.' }),
    ),
  },
  { title: 'Event' },
);
export type TimelineEntryView = Static<typeof TimelineEntryView>;

/** As TimelinePageQuery; `limit` is for pages alone. */
export const NodeEventsQuery = TimelinePageQuery;

export const EventsQuery = Type.Object(
  {
    ...TimelinePageQuery.properties,
    node: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Of one machine: name, id or MAC address.' }),
    ),
  },
  { additionalProperties: false },
);

export const EventStreamHeaders = Type.Object({
  'last-event-id': Type.Optional(Type.String({ description: 'The `id` of the last event that was received.' })),
});

/** Either of the two, as `accept` says. */
export const streamOrPage = {
  200: {
    description: 'The events.',
    content: {
      'text/event-stream': { schema: Type.String({ description: '`id` is the sequence number, `data` an Event.' }) },
      'application/json': { schema: pageOf(TimelineEntryView) },
    },
  },
};
