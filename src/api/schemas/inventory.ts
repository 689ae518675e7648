import Type, { type Static } from 'typebox';
import { INVENTORY_FORMATS } from '../../runners/inventory/inventory-desk.ts';
import { AppliedView, dryRun } from './enrolment.ts';

const closed = { additionalProperties: false };
const cluster = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 63,
    description: 'Name of a cluster of podboot.yaml; all of them unless told.',
  }),
);

export const InventoryQuery = Type.Object(
  {
    cluster,
    format: Type.Optional(
      Type.Unsafe<(typeof INVENTORY_FORMATS)[number]>({
        type: 'string',
        enum: [...INVENTORY_FORMATS],
        description: 'json, as a dynamic inventory prints it, unless told.',
      }),
    ),
  },
  closed,
);

export const InventoryView = Type.Object(
  {
    format: Type.String(),
    hash: Type.Optional(Type.String({ description: 'SHA-256 of what a run of this cluster would get.' })),
    text: Type.String({ description: 'The inventory.' }),
    obstacles: Type.Array(Type.Object({ code: Type.String(), message: Type.String(), mend: Type.String() }), {
      description: 'What stands against a run with it.',
    }),
  },
  { title: 'Inventory' },
);
export type InventoryView = Static<typeof InventoryView>;

/** The file as it is: its bytes tell line and encoding. */
export const AdoptBody = Type.Unsafe<Buffer>({ description: 'An inventory of Ansible, INI or YAML.' });
export const AdoptQuery = Type.Object({ cluster, dryRun: Type.Optional(dryRun) }, closed);

export const AdoptionView = Type.Object(
  {
    format: Type.String(),
    hosts: Type.Integer(),
    groups: Type.Array(Type.String()),
    differences: Type.Array(
      Type.Object({
        kind: Type.String({ description: '`not-enrolled`, `address`, `groups` or `not-in-file`.' }),
        host: Type.String(),
        line: Type.Optional(Type.Integer()),
        message: Type.String(),
        mend: Type.String(),
      }),
    ),
    applied: AppliedView,
  },
  { title: 'Adoption' },
);
export type AdoptionView = Static<typeof AdoptionView>;
