import Type, { type Static } from 'typebox';
import { NodeBody } from './node.ts';
import { PageQuery } from './page.ts';

/** A client identifier has up to 255 bytes, in hexadecimal, behind `cid:`. */
const MAX_KEY = 514;
const closed = { additionalProperties: false };

export const DiscoveredParams = Type.Object({
  key: Type.String({
    minLength: 1,
    maxLength: MAX_KEY,
    description: 'Its MAC address, or `cid:` and its client identifier in hexadecimal where it has none.',
  }),
});

export const DiscoveredQuery = Type.Object(
  {
    limit: PageQuery.properties.limit,
    after: Type.Optional(
      Type.String({ minLength: 1, maxLength: MAX_KEY, description: 'The `next` of the page before.' }),
    ),
    kind: Type.Optional(
      Type.Unsafe<'machine' | 'bmc'>({ type: 'string', enum: ['machine', 'bmc'], description: 'Of this kind.' }),
    ),
    vendor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'Whose maker’s name has this part: nvidia.' }),
    ),
    interface: Type.Optional(Type.String({ minLength: 1, maxLength: 15, description: 'Heard on this interface.' })),
    subnet: Type.Optional(
      Type.String({ maxLength: 18, description: 'With an address, or behind a relay, of this network: 10.77.0.0/24.' }),
    ),
    seenWithin: Type.Optional(
      Type.String({ pattern: '^[0-9]{1,9}$', description: 'Last seen within so many seconds.' }),
    ),
  },
  closed,
);
export type DiscoveredQuery = Static<typeof DiscoveredQuery>;

const SwitchPortView = Type.Object({
  circuitId: Type.Optional(Type.String({ description: 'Option 82 sub-option 1 in hexadecimal.' })),
  remoteId: Type.Optional(Type.String({ description: 'Option 82 sub-option 2 in hexadecimal.' })),
  text: Type.Optional(Type.String({ description: 'Both in words, where they are text.' })),
});

const RuleOutcomeFields = {
  rule: Type.String({ description: 'Name of the rule that fits it.' }),
  name: Type.Optional(Type.String({ description: 'Of the node that it makes.' })),
  problem: Type.Optional(Type.String({ description: 'Why it is not done.' })),
  mend: Type.Optional(Type.String()),
};

export const DiscoveredView = Type.Object(
  {
    key: Type.String(),
    kind: Type.String({ description: '`bmc` where its words or its maker say so.' }),
    mac: Type.Optional(Type.String()),
    clientId: Type.Optional(Type.String()),
    vendor: Type.Optional(Type.String({ description: 'Owner of the MAC address, by the IEEE’s registry.' })),
    stage: Type.String({ description: 'What asked last: pxe, http, ipxe, os or bootp.' }),
    firmware: Type.Optional(Type.String()),
    architecture: Type.Optional(Type.Integer({ description: 'DHCP option 93.' })),
    uuid: Type.Optional(Type.String()),
    serialNumber: Type.Optional(Type.String({ description: 'As its firmware says.' })),
    manufacturer: Type.Optional(Type.String()),
    product: Type.Optional(Type.String()),
    vendorClass: Type.Optional(Type.String({ description: 'DHCP option 60.' })),
    hostname: Type.Optional(Type.String({ description: 'DHCP option 12.' })),
    switchPort: Type.Optional(SwitchPortView),
    interface: Type.String(),
    relay: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
    firstSeenAt: Type.String(),
    lastSeenAt: Type.String(),
    requests: Type.Integer(),
    suggestions: Type.Array(Type.Object({ node: Type.String(), reason: Type.String() }), {
      description: 'Nodes that it may belong to, for a person to judge.',
    }),
    rule: Type.Optional(Type.Object(RuleOutcomeFields)),
  },
  { title: 'DiscoveredMachine' },
);
export type DiscoveredView = Static<typeof DiscoveredView>;

const text = (description: string) => Type.String({ minLength: 1, maxLength: 128, description });
const { roles, labels } = NodeBody.properties;

/** POST /discovered/{key}/adopt: as a node of its own, or (with `node`) as an interface of one that there is. */
export const AdoptBody = Type.Object(
  {
    name: Type.Optional(text('Of the new node: an RFC 1123 label.')),
    node: Type.Optional(text('Instead: the node that it is an interface of, by id or name.')),
    interface: Type.Optional(text('Name of its interface; `boot` unless told, `bmc` for a BMC. Needed with `node`.')),
    role: Type.Optional(
      Type.Unsafe<'boot' | 'bmc' | 'infiniband' | 'other'>({
        type: 'string',
        enum: ['boot', 'bmc', 'infiniband', 'other'],
        description: 'Of a new interface of `node`; `other` unless told, `bmc` for a BMC.',
      }),
    ),
    address: Type.Optional(text('Reserved IPv4 address, dotted quad.')),
    rack: Type.Optional(text('Where it stands.')),
    position: Type.Optional(text('In its rack: U12.')),
    roles,
    group: Type.Optional(text('A group of podboot.yaml.')),
    profile: Type.Optional(text('A profile of podboot.yaml; local unless told.')),
    labels,
    bySwitchPort: Type.Optional(
      Type.Boolean({
        description: 'Whoever asks at its switch port is the node from now on. Refused where others ask there too.',
      }),
    ),
  },
  closed,
);
export type AdoptBody = Static<typeof AdoptBody>;

export const ApplyRulesBody = Type.Object(
  { dryRun: Type.Optional(Type.Boolean({ description: 'Only tell what would be done.' })) },
  closed,
);

export const RuleOutcomeView = Type.Object(
  {
    key: Type.String(),
    ...RuleOutcomeFields,
    node: Type.Optional(Type.String({ description: 'Id of the node that was made.' })),
  },
  { title: 'RuleOutcome' },
);
export type RuleOutcomeView = Static<typeof RuleOutcomeView>;

export const RuleView = Type.Object(
  {
    name: Type.String(),
    automatic: Type.Boolean(),
    match: Type.Record(Type.String(), Type.Union([Type.String(), Type.Integer()])),
    namePattern: Type.String(),
  },
  { title: 'DiscoveryRule' },
);
export type RuleView = Static<typeof RuleView>;

export const RulesView = Type.Object({
  rules: Type.Array(RuleView),
  /** Of the machines that there are. */
  outcomes: Type.Array(RuleOutcomeView),
});
export type RulesView = Static<typeof RulesView>;
