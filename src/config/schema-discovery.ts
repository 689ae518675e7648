import Type from 'typebox';
import { DEFAULTS } from './defaults.ts';
import { nameNotation } from './notations.ts';
import { nameTextNotation, ouiNotation, portPatternNotation, textPatternNotation } from './notations-discovery.ts';
import { subnetNotation } from './notations-network.ts';
import { FIRMWARES } from './schema-boot.ts';
import { flag, oneOf, section, wholeNumber, written } from './schema-leaves.ts';

const placeText = (description: string, example: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 128, description, examples: [example] }));

const matchSchema = section(
  {
    vendor: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: "A part of the maker's name in the IEEE's registry of MAC addresses, for example NVIDIA.",
        examples: ['NVIDIA'],
      }),
    ),
    oui: Type.Optional(written(ouiNotation, 'The first three bytes of the MAC address, for example "b8:3f:d2".')),
    mac: Type.Optional(
      written(textPatternNotation, 'A pattern of the MAC address with colons, for example "b8:3f:d2:*".'),
    ),
    uuid: Type.Optional(written(textPatternNotation, "A pattern of the machine's UUID, for example 4c4c4544-*.")),
    serialNumber: Type.Optional(
      written(
        textPatternNotation,
        'A pattern of the serial number of a machine that was asked for it, for example 15777*.',
      ),
    ),
    vendorClass: Type.Optional(
      written(textPatternNotation, 'A pattern of DHCP option 60, for example "PXEClient:Arch:00007*".'),
    ),
    architecture: Type.Optional(
      wholeNumber({ minimum: 0, maximum: 65535 }, 'DHCP option 93, for example 7: x86-64 UEFI.'),
    ),
    firmware: Type.Optional(oneOf(FIRMWARES, 'Its firmware, by option 93, for example uefi-x64.')),
    circuitId: Type.Optional(
      written(
        portPatternNotation,
        'A pattern of the switch port (option 82, sub-option 1), in hex or as text, for example "text:Ethernet1/{port}"; {word} is letters and digits that adopt can name.',
      ),
    ),
    remoteId: Type.Optional(
      written(
        portPatternNotation,
        'A pattern of the switch (option 82, sub-option 2), in hex or as text, for example "text:leaf-{rack}".',
      ),
    ),
    subnet: Type.Optional(
      written(subnetNotation, 'Where its address, its relay, or our interface is, for example 10.77.0.0/24.'),
    ),
  },
  'What a machine has to be, all of it, for example { vendor: NVIDIA, circuitId: "text:Ethernet1/{port}" }.',
);

const adoptSchema = section(
  {
    namePattern: written(
      nameTextNotation,
      'Name of the node, for example dgx{port:2}: {port} is the number of the switch port, {mac}, {serial} and {uuid} are its own, {n} counts, others are words of match; {n:3} has three digits.',
    ),
    interface: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 32,
        description: 'Name of its interface, for example eno1.',
        examples: ['eno1'],
        default: DEFAULTS.discovery.interface,
      }),
    ),
    rack: placeText('Its rack, for example R{rack}.', 'R{rack}'),
    position: placeText('Where it is in the rack, for example U{port}.', 'U{port}'),
    roles: Type.Optional(
      Type.Array(written(nameNotation, 'A role, for example gpu.'), {
        maxItems: 32,
        description: 'What it is for, for example [gpu].',
      }),
    ),
    group: Type.Optional(written(nameNotation, 'A group of groups, for example dgx.')),
    profile: Type.Optional(
      written(
        nameNotation,
        'A profile that writes to no disk, for example rescue; absent: its own disk. Installations are granted node by node.',
      ),
    ),
    labels: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: 'object',
        maxProperties: 64,
        additionalProperties: {
          type: 'string',
          maxLength: 256,
          description: 'Value of a label, for example {port}.',
          examples: ['{port}'],
        },
        description: 'Labels, for example { switch-port: "{port}" }.',
      }),
    ),
  },
  'What node is made of it, for example { namePattern: "dgx{port:2}", roles: [gpu], group: dgx }.',
);

const ruleSchema = section(
  {
    name: written(nameNotation, 'Name of the rule, for example new-dgx; it stands in the timeline of its nodes.'),
    match: matchSchema,
    adopt: adoptSchema,
    automatic: Type.Optional(
      flag('true to adopt a machine when it comes, for example false: `podboot discovered rules --apply` does it.', {
        default: DEFAULTS.discovery.automatic,
      }),
    ),
  },
  'Makes nodes of discovered machines, for example { name: new-dgx, match: { vendor: NVIDIA }, adopt: { namePattern: "dgx{n:2}" } }. It arms nothing.',
);

export const discoverySchema = section(
  {
    identify: Type.Optional(
      oneOf(
        ['when-needed', 'never'],
        'Whether a machine that is not enrolled is asked for its serial number: `when-needed` while a node waits for its machine by serial number or UUID, `never` not at all. For example when-needed.',
        { default: DEFAULTS.discovery.identify },
      ),
    ),
    rules: Type.Optional(
      Type.Array(ruleSchema, {
        maxItems: 256,
        description:
          'Rules that make nodes of discovered machines; the first that fits counts. For example [{ name: new-dgx, match: { vendor: NVIDIA }, adopt: { namePattern: "dgx{n:2}" } }].',
      }),
    ),
  },
  'What is done about machines that ask and are no nodes, for example { identify: never }.',
);
