import Type from 'typebox';
import { DEFAULTS } from './defaults.ts';
import { durationNotation, nameNotation } from './notations.ts';
import { installValues } from './schema-install.ts';
import { measured, named, section, wholeNumber, written } from './schema-leaves.ts';

/** What each deadline waits for. */
const WAITS = {
  powering: 'from the order to the BMC until the machine is on',
  booting: 'from power until its firmware asks for an address: POST, and hands where there is no BMC',
  loading: 'from that until its installer fetches an answer file',
  installing: 'from that until the installer says that it started',
  silence: 'between two words of a running installer',
  finishing: "from the installer's end until the system answers from the disk",
  installed: 'until a runner takes an installed node over; without one it is ready then',
  handingOff: 'until a runner is done',
} as const;
export const DEADLINE_KEYS = Object.keys(WAITS) as (keyof typeof WAITS)[];

function deadlineSchemas(withDefaults: boolean) {
  const leaf = (key: keyof typeof WAITS) =>
    Type.Optional(
      measured(
        durationNotation,
        `How long to wait ${WAITS[key]}, from 10s to 7d, for example ${DEFAULTS.deadlines[key]}.`,
        withDefaults ? { default: DEFAULTS.deadlines[key] } : {},
      ),
    );
  return {
    powering: leaf('powering'),
    booting: leaf('booting'),
    loading: leaf('loading'),
    installing: leaf('installing'),
    silence: leaf('silence'),
    finishing: leaf('finishing'),
    installed: leaf('installed'),
    handingOff: leaf('handingOff'),
  };
}

export const deadlinesSchema = section(
  {
    ...deadlineSchemas(true),
    platforms: Type.Optional(
      named(
        nameNotation,
        "Name of a platform: a node's label `platform`, or its group, for example dgx.",
        section(
          deadlineSchemas(false),
          'Deadlines of the platform, for example { booting: 45m }; the others as above.',
        ),
        'Deadlines by platform, for example { dgx: { booting: 45m } }: GPU servers spend many minutes in POST.',
      ),
    ),
  },
  'How long a node may stay in each phase of its life before somebody is told why, for example { booting: 20m }.',
);

const rule = section(
  {
    name: written(nameNotation, 'Stands as `rule NAME` for who armed it, for example new-dgx.'),
    profile: written(nameNotation, 'The profile that is installed, for example dgx-os-7.'),
    roles: Type.Optional(
      Type.Array(written(nameNotation, 'A role, for example gpu.'), {
        maxItems: 32,
        description: 'Nodes with one of these roles, for example [gpu].',
      }),
    ),
    racks: Type.Optional(
      Type.Array(
        Type.String({ minLength: 1, maxLength: 64, description: 'A rack, for example r1.', examples: ['r1'] }),
        {
          maxItems: 256,
          description: 'Nodes in one of these racks, for example [r1].',
        },
      ),
    ),
    groups: Type.Optional(
      Type.Array(written(nameNotation, 'A group, for example dgx.'), {
        maxItems: 32,
        description: 'Nodes of one of these groups, for example [dgx].',
      }),
    ),
  },
  'Arms each node that it fits when it is enrolled, once, for example { name: new-dgx, groups: [dgx], profile: dgx-os-7 }. It needs at least one of roles, racks and groups; all that it names must fit.',
);

export const installSchema = section(
  {
    grantTime: Type.Optional(
      measured(durationNotation, 'How long a boot grant waits for its node, from 5m to 30d, for example 24h.', {
        default: DEFAULTS.install.grantTime,
      }),
    ),
    claimTime: Type.Optional(
      measured(
        durationNotation,
        'How long an installer may fetch its answer files again before it says that it started, from 1m to 24h, for example 1h.',
        { default: DEFAULTS.install.claimTime },
      ),
    ),
    retries: Type.Optional(
      wholeNumber(
        { minimum: 0, maximum: 5 },
        'How often an installation that failed after it had begun is armed again by itself, for example 1. 0: a person has to.',
        { default: DEFAULTS.install.retries },
      ),
    ),
    rules: Type.Optional(
      Type.Array(rule, {
        maxItems: 64,
        description: 'Rules that arm nodes, for example [{ name: new-dgx, groups: [dgx], profile: dgx-os-7 }].',
      }),
    ),
    values: Type.Optional(
      installValues(
        'What installers of all nodes are told, for example { timeZone: Europe/Berlin, packages: [chrony] }.',
      ),
    ),
  },
  'How installations are granted, and what installers are told, for example { grantTime: 8h }.',
);
