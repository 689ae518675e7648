import Type, { type Static } from 'typebox';

const time = (description: string) => Type.String({ maxLength: 64, description });

/** GET /nodes/{node}/console. */
export const ConsoleQuery = Type.Object(
  {
    mode: Type.Optional(
      Type.Union([Type.Literal('read'), Type.Literal('write')], {
        description: 'write: what is sent is typed; one writes, the others read. read unless told.',
      }),
    ),
    takeOver: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], {
        description: 'From whoever writes here, and from whoever has the BMC’s console elsewhere.',
      }),
    ),
    by: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Who it is: shown to the others while it writes.' }),
    ),
  },
  { additionalProperties: false },
);
export type ConsoleQuery = Static<typeof ConsoleQuery>;

export const ConsoleView = Type.Object(
  {
    node: Type.String(),
    isOpen: Type.Boolean({ description: 'The BMC’s console is open.' }),
    readers: Type.Integer({ description: 'Who reads, with the writer, without the recording.' }),
    writer: Type.Optional(Type.String({ description: 'Who writes; absent where nobody does.' })),
    isRecorded: Type.Boolean(),
    trouble: Type.Optional(Type.String({ description: 'Why it is not open, or was lost last.' })),
  },
  { title: 'Console' },
);
export type ConsoleView = Static<typeof ConsoleView>;

export const RecordingView = Type.Object(
  {
    id: Type.String({ description: 'Of the recording: sorts by time.' }),
    startedAt: time('When the recording began.'),
    changedAt: time('When the machine last said something.'),
    sizeBytes: Type.Integer({ description: 'What is kept of it.' }),
    isOpen: Type.Boolean({ description: 'It goes on.' }),
  },
  { title: 'ConsoleRecording' },
);
export const RecordingListView = Type.Object({ items: Type.Array(RecordingView) }, { title: 'ConsoleRecordings' });
export type RecordingListView = Static<typeof RecordingListView>;

export const RecordingParams = Type.Object({
  node: Type.String({ minLength: 1, maxLength: 64, description: 'Its id, its name, or a MAC address of it.' }),
  id: Type.String({ pattern: '^[0-9]{8}T[0-9]{9}Z$', description: 'Of the recording.' }),
});

export const RecordingQuery = Type.Object(
  {
    times: Type.Optional(
      Type.Union([Type.Literal('true'), Type.Literal('false')], {
        description: 'true: the time before lines, once a second at most.',
      }),
    ),
  },
  { additionalProperties: false },
);
