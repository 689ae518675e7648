import Type from 'typebox';
import { DEFAULTS } from './defaults.ts';
import { absolutePathNotation, durationNotation, nameNotation } from './notations.ts';
import { measured, oneOf, section, wholeNumber, written } from './schema-leaves.ts';

const staggerSchema = section(
  {
    nodes: wholeNumber({ minimum: 1, maximum: 10_000 }, 'So many machines, for example 8.'),
    per: measured(durationNotation, 'Within so long, from 1s to 1h, for example 10s.'),
    by: Type.Optional(oneOf(['rack', 'all'], 'Of each rack, or of all, for example rack.', { default: 'rack' })),
  },
  'How many machines are switched on at a time, against inrush, for example { nodes: 8, per: 10s }. Jobs may say it otherwise.',
);

const consoleSchema = section(
  {
    record: Type.Optional(
      oneOf(
        ['boots', 'always', 'off'],
        'When consoles are recorded: while a node is started, boots or is installed; always; or never, for example boots.',
        { default: DEFAULTS.console.record },
      ),
    ),
    keep: Type.Optional(
      wholeNumber({ minimum: 1, maximum: 100 }, 'Recordings of each node, of its last boots, for example 10.', {
        default: DEFAULTS.console.keep,
      }),
    ),
  },
  'The consoles of machines by their BMCs, for example { record: boots, keep: 10 }. A recording takes 4 MiB at most.',
);

const rule = section(
  {
    use: written(nameNotation, 'Name of a set of credentials (podboot bmc credentials), for example dgx-bmc.'),
    roles: Type.Optional(
      Type.Array(written(nameNotation, 'A role, for example gpu.'), {
        maxItems: 32,
        description: 'For nodes with one of these roles, for example [gpu].',
      }),
    ),
    groups: Type.Optional(
      Type.Array(written(nameNotation, 'A group, for example dgx.'), {
        maxItems: 32,
        description: 'For nodes of one of these groups, for example [dgx].',
      }),
    ),
    labels: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'For nodes with all of these labels, for example { vendor: nvidia }.',
      }),
    ),
  },
  'Which credentials a node has that names none itself, for example { use: dgx-bmc, roles: [gpu] }; one that names neither roles, groups nor labels is for all.',
);

export const powerSchema = section(
  {
    keyFile: Type.Optional(
      written(
        absolutePathNotation,
        'Absolute path of the key that the credentials of BMCs are sealed with: 32 random bytes or more, in any notation, for example /etc/podboot/power.key. Without one podboot takes none.',
      ),
    ),
    keyCredential: Type.Optional(
      written(nameNotation, 'Name of a systemd credential with the key, in place of keyFile, for example power-key.'),
    ),
    atOnce: Type.Optional(
      wholeNumber({ minimum: 1, maximum: 1_024 }, 'Commands to BMCs at once, for example 64.', {
        default: DEFAULTS.power.atOnce,
      }),
    ),
    minGap: Type.Optional(
      measured(
        durationNotation,
        'Between two commands to one BMC, from 0 to 1m, for example 5s: some fall over when they come faster.',
        { default: DEFAULTS.power.minGap },
      ),
    ),
    pollInterval: Type.Optional(
      measured(
        durationNotation,
        'How often BMCs are asked for the power state while somebody looks at it, from 10s to 1h, for example 1m.',
        {
          default: DEFAULTS.power.pollInterval,
        },
      ),
    ),
    actionTime: Type.Optional(
      measured(durationNotation, 'What a machine may take to be on or off, from 30s to 1h, for example 5m.', {
        default: DEFAULTS.power.actionTime,
      }),
    ),
    offTime: Type.Optional(
      measured(durationNotation, 'How long a machine that is cycled stays off, from 1s to 5m, for example 5s.', {
        default: DEFAULTS.power.offTime,
      }),
    ),
    bootAttempts: Type.Optional(
      wholeNumber(
        { minimum: 1, maximum: 10 },
        'How often a machine is started from the network until it is seen there, for example 3.',
        { default: DEFAULTS.power.bootAttempts },
      ),
    ),
    stagger: Type.Optional(staggerSchema),
    console: Type.Optional(consoleSchema),
    credentials: Type.Optional(
      Type.Array(rule, {
        maxItems: 64,
        description: 'The first that fits a node counts, for example [{ use: dgx-bmc, roles: [gpu] }].',
      }),
    ),
  },
  'BMCs and what is done with them, for example { keyFile: /etc/podboot/power.key, stagger: { nodes: 8, per: 10s } }.',
);
