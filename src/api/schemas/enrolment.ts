import Type, { type Static } from 'typebox';
import { IMPORT_FORMATS } from '../../lifecycle/enrolment/imported-node.ts';
import { REPLACED_PARTS, type ReplacedPart } from '../../lifecycle/node-replacement.ts';
import { NodePatchBody, NodeView } from './node.ts';
import { NodeListQuery } from './node-list.ts';
import { ProblemView } from './problem.ts';

const TEXT = { minLength: 1, maxLength: 1_024 };
const closed = { additionalProperties: false };
/** 256 columns with their headings; the whole request line has to fit into 16 KB. */
const MAX_MAP_CHARACTERS = 8_192;

const trueOrFalse = (description: string) =>
  Type.Unsafe<'true' | 'false'>({ type: 'string', enum: ['true', 'false'], description });
export const dryRun = trueOrFalse('`true` changes nothing and says what would happen.');

/** The file as it is: its bytes tell line and encoding. */
export const ImportBody = Type.Unsafe<Buffer>({
  description: 'A table (CSV), our own export (JSON), DGXie’s machines.json or a dnsmasq hosts file.',
});

export const ImportQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Unsafe<(typeof IMPORT_FORMATS)[number]>({
        type: 'string',
        enum: [...IMPORT_FORMATS],
        description: 'By the content unless told.',
      }),
    ),
    map: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: MAX_MAP_CHARACTERS,
        description: 'Columns of a shipping list: `Serial Number=serialNumber,MAC1=interfaces.eno1.mac`.',
      }),
    ),
    dryRun: Type.Optional(dryRun),
  },
  closed,
);

/** What happened to each node, or would. */
export const AppliedView = Type.Object({
  dryRun: Type.Boolean(),
  created: Type.Integer(),
  updated: Type.Integer(),
  unchanged: Type.Integer(),
  items: Type.Array(
    Type.Object({
      action: Type.Unsafe<'created' | 'updated' | 'unchanged'>({
        type: 'string',
        enum: ['created', 'updated', 'unchanged'],
      }),
      name: Type.String(),
      id: Type.Optional(Type.String({ description: 'Absent for a node that a dry run would make.' })),
      where: Type.Optional(Type.String({ description: 'In the file: `line 12`.' })),
      changes: Type.Array(Type.String(), { description: '`rack r1 → r2`' }),
    }),
  ),
  notes: Type.Optional(ProblemView.properties.problems),
});
export type AppliedView = Static<typeof AppliedView>;

const { limit: _limit, after: _after, ...selection } = NodeListQuery.properties;

export const EXPORT_FORMATS = ['json', 'csv'] as const;
export const ExportQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Unsafe<(typeof EXPORT_FORMATS)[number]>({
        type: 'string',
        enum: [...EXPORT_FORMATS],
        description: 'json unless told. Either can be imported again without a difference.',
      }),
    ),
    ...selection,
  },
  closed,
);

/** PATCH /nodes: which nodes, as GET /nodes takes it. */
export const SelectionQuery = Type.Object({ ...selection, dryRun: Type.Optional(dryRun) }, closed);
export type SelectionQuery = Static<typeof SelectionQuery>;

const {
  name: _name,
  interfaces: _interfaces,
  uuid: _uuid,
  serialNumber: _serial,
  ...shared
} = NodePatchBody.properties;

/** What many nodes can have in common. */
export const SelectionPatchBody = Type.Object(shared, { ...closed, minProperties: 1 });

/** POST /nodes/{node}/replace. */
export const ReplaceBody = Type.Object(
  {
    part: Type.Unsafe<ReplacedPart>({
      type: 'string',
      enum: [...REPLACED_PARTS],
      description: 'What was replaced: an interface, a board or tray (its UUID goes with it), or the whole machine.',
    }),
    interfaces: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ ...TEXT, description: 'An interface that the node has.' }),
            mac: Type.Optional(Type.String({ ...TEXT, description: 'Its new MAC address.' })),
            clientId: Type.Optional(Type.String({ ...TEXT, description: 'Its new DHCP client identifier.' })),
          },
          closed,
        ),
        { maxItems: 64 },
      ),
    ),
    uuid: Type.Optional(Type.String({ ...TEXT, description: 'Of the new board or machine.' })),
    serialNumber: Type.Optional(Type.String({ ...TEXT, description: 'Of the new machine.' })),
    reason: Type.Optional(Type.String({ ...TEXT, maxLength: 256, description: 'For the timeline: RMA 4711.' })),
  },
  closed,
);
export type ReplaceBody = Static<typeof ReplaceBody>;

export const ReplaceView = Type.Object({ changes: Type.Array(Type.String()), node: NodeView });
export type ReplaceView = Static<typeof ReplaceView>;
