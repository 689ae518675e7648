import Type, { type Static } from 'typebox';
import {
  BMC_DRIVERS,
  type BmcCipherSuite,
  type DiskMethod,
  type NodeBmc,
  type OptionValue,
} from '../../domain/node.ts';
import { type BmcPatch, DISK_METHODS, INTERFACE_ROLES, LOADERS } from '../../lifecycle/node-input.ts';
import { FaultView } from './fault.ts';

/** Bounds of what is read at all; what a name or an identifier may be is the registry's business. */
const TEXT = { maxLength: 1_024 };
const closed = { additionalProperties: false };

const nullableText = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], ...TEXT, description });
const text = (description: string) => Type.String({ ...TEXT, description });
const oneOf = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], description });

const optionValue = {
  anyType: ['string', 'number', 'boolean', 'array'],
  items: {
    type: ['string', 'number', 'object'],
    additionalProperties: { type: 'string', ...TEXT },
    maxProperties: 8,
    ...TEXT,
  },
};
const options = <T>(extraTypes: readonly string[]) =>
  Type.Unsafe<Record<string, T>>({
    type: 'object',
    maxProperties: 64,
    additionalProperties: {
      type: [...optionValue.anyType, ...extraTypes],
      ...TEXT,
      maxItems: 64,
      items: optionValue.items,
    },
    description: 'DHCP options by name, as in podboot.yaml: { interfaceMtu: 9000 }.',
  });

/** What may stand in it is checked with the node: podboot.yaml's schema has it, under $defs. */
const install = (types: readonly string[]) =>
  Type.Unsafe<Record<string, unknown>>({
    type: types,
    maxProperties: 64,
    additionalProperties: true,
    description:
      'What its installer is told differently from other nodes, as values in podboot.yaml: { disk: { serial: S4YP } }.',
  });

const switchPort = Type.Object(
  {
    circuitId: Type.Optional(
      text('Option 82 sub-option 1 in hexadecimal, or as `text:Ethernet1/7`; answered in hexadecimal.'),
    ),
    remoteId: Type.Optional(text('Option 82 sub-option 2, likewise.')),
  },
  { ...closed, description: 'The switch port that the interface is plugged into.' },
);

const interfaceBody = Type.Object(
  {
    name: text('Unique in the node: eno1, bmc, ib0.'),
    role: Type.Optional(oneOf(INTERFACE_ROLES, '`boot` unless told.')),
    mac: Type.Optional(text('MAC address in any usual notation.')),
    clientId: Type.Optional(text('DHCP client identifier (option 61) in hexadecimal.')),
    switchPort: Type.Optional(switchPort),
    address: Type.Optional(text('Reserved IPv4 address, dotted quad.')),
  },
  closed,
);

const bmcFields = {
  host: text('Name or address of the BMC; the address of the interface of role bmc unless told.'),
  port: Type.Integer({ minimum: 1, maximum: 65_535, description: '623 (IPMI) or 443 (Redfish) unless told.' }),
  credentials: text('Name of a set of credentials; the rules of podboot.yaml say which unless told.'),
  fingerprint: text('SHA-256 of its certificate, pinned.'),
  command: Type.Array(text('A word; no shell reads it.'), {
    maxItems: 64,
    description: 'Of the driver command: program and arguments, with {name}, {address} and {action}.',
  }),
  cipherSuite: Type.Unsafe<BmcCipherSuite>({
    type: 'integer',
    description: 'Of IPMI: 17 or 3, and no other; the best that the BMC has unless told.',
  }),
  wakeOnLan: Type.Boolean({ description: 'Of the driver none: its boot interface listens for a magic packet.' }),
};
const bmcDriver = Type.Optional(
  oneOf(BMC_DRIVERS, 'auto unless told: Redfish where a certificate is pinned, else IPMI.'),
);

const bmc = Type.Object(
  {
    driver: bmcDriver,
    host: Type.Optional(bmcFields.host),
    port: Type.Optional(bmcFields.port),
    credentials: Type.Optional(bmcFields.credentials),
    fingerprint: Type.Optional(bmcFields.fingerprint),
    command: Type.Optional(bmcFields.command),
    cipherSuite: Type.Optional(bmcFields.cipherSuite),
    wakeOnLan: Type.Optional(bmcFields.wakeOnLan),
  },
  { ...closed, description: 'How its power is reached.' },
);

/** RFC 7396: null takes one away, or all of it. */
const bmcPatch = Type.Unsafe<BmcPatch | null>({
  type: ['object', 'null'],
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries({ driver: bmcDriver, ...bmcFields }).map(([key, schema]) => [
      key,
      {
        ...schema,
        ...('type' in schema ? { type: [schema.type, 'null'] } : {}),
        ...('enum' in schema ? { enum: [...BMC_DRIVERS, null] } : {}),
      },
    ]),
  ),
  description: 'How its power is reached; null removes.',
});

const roles = Type.Array(text('A role'), { maxItems: 32, description: 'What it is for: gpu, kube_node.' });

const interfaces = Type.Array(interfaceBody, { maxItems: 64 });

/** POST /nodes. */
export const NodeBody = Type.Object(
  {
    name: text('Host name: an RFC 1123 label.'),
    interfaces,
    uuid: Type.Optional(text('SMBIOS UUID.')),
    serialNumber: Type.Optional(text('Serial number of the machine.')),
    rack: Type.Optional(text('Where it stands.')),
    position: Type.Optional(text('In its rack: U12.')),
    roles: Type.Optional(roles),
    group: Type.Optional(text('A group of podboot.yaml.')),
    labels: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        maxProperties: 64,
        additionalProperties: { type: 'string', ...TEXT },
      }),
    ),
    options: Type.Optional(options<OptionValue>([])),
    install: Type.Optional(install(['object'])),
    bmc: Type.Optional(bmc),
    boot: Type.Optional(
      Type.Object(
        {
          profile: Type.Optional(text('A profile of podboot.yaml, or local: its own disk.')),
          loader: Type.Optional(oneOf(LOADERS, '`auto` unless told.')),
          diskMethod: Type.Optional(
            oneOf(DISK_METHODS, 'How it is sent to its disk; the table of quirks unless told.'),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'NodeInput' },
);
export type NodeBody = Static<typeof NodeBody>;

/** POST /nodes/bulk. Each item is a NodeBody, which the route checks one by one. */
export const BulkBody = Type.Array(Type.Unknown(), { minItems: 1, maxItems: 5_000 });

/** What was enrolled, in the order in which it was sent. */
export const BulkView = Type.Object({
  items: Type.Array(Type.Object({ id: Type.String(), name: Type.String() })),
});

/** PATCH /nodes/{node}: a JSON merge patch (RFC 7396). */
export const NodePatchBody = Type.Object(
  {
    name: Type.Optional(text('Renames it.')),
    interfaces: Type.Optional(interfaces),
    uuid: Type.Optional(nullableText('null removes it.')),
    serialNumber: Type.Optional(nullableText('null removes it.')),
    rack: Type.Optional(nullableText('null removes it.')),
    position: Type.Optional(nullableText('null removes it.')),
    roles: Type.Optional(roles),
    group: Type.Optional(nullableText('null removes it.')),
    labels: Type.Optional(
      Type.Unsafe<Record<string, string | null>>({
        type: 'object',
        maxProperties: 64,
        additionalProperties: { type: ['string', 'null'], ...TEXT },
      }),
    ),
    options: Type.Optional(options<OptionValue | null>(['null'])),
    install: Type.Optional(Type.Unsafe<Record<string, unknown> | null>(install(['object', 'null']))),
    bmc: Type.Optional(bmcPatch),
    boot: Type.Optional(
      Type.Object(
        {
          profile: Type.Optional(text('A profile of podboot.yaml, or local.')),
          loader: Type.Optional(oneOf(LOADERS, 'auto, ipxe or grub.')),
          diskMethod: Type.Optional(
            Type.Unsafe<DiskMethod | null>({ type: ['string', 'null'], enum: [...DISK_METHODS, null] }),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'NodePatch', minProperties: 1 },
);
export type NodePatchBody = Static<typeof NodePatchBody>;

/** A node as every answer shows it: canonical MAC addresses, dotted quads, times in RFC 3339. */
export const NodeView = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    interfaces: Type.Array(
      Type.Object({
        name: Type.String(),
        role: Type.String(),
        mac: Type.Optional(Type.String()),
        clientId: Type.Optional(Type.String()),
        switchPort: Type.Optional(switchPort),
        address: Type.Optional(Type.String()),
      }),
    ),
    uuid: Type.Optional(Type.String()),
    serialNumber: Type.Optional(Type.String()),
    rack: Type.Optional(Type.String()),
    position: Type.Optional(Type.String()),
    roles: Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string' } }),
    group: Type.Optional(Type.String()),
    labels: Type.Record(Type.String(), Type.String()),
    options: Type.Record(Type.String(), Type.Unknown()),
    install: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object', additionalProperties: true }),
    ),
    bmc: Type.Optional(Type.Unsafe<NodeBmc>({ ...bmc, description: 'How its power is reached; no secret.' })),
    boot: Type.Object({
      profile: Type.String(),
      loader: Type.String(),
      diskMethod: Type.Optional(Type.String()),
    }),
    state: Type.Optional(Type.String({ description: 'Where it is in its life: enrolled, installing, ready.' })),
    step: Type.Optional(Type.String()),
    fault: Type.Optional(FaultView),
    reason: Type.Optional(Type.String({ description: 'Why a person put it there.' })),
    version: Type.Integer(),
    createdAt: Type.String(),
    updatedAt: Type.String(),
  },
  { title: 'Node' },
);
export type NodeView = Static<typeof NodeView>;
