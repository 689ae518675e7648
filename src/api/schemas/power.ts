import Type, { type Static } from 'typebox';
import { PERSON_ACTIONS } from '../../domain/power.ts';
import { NodeListQuery } from './node-list.ts';

const closed = { additionalProperties: false };
const line = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });
const time = (description: string) => Type.String({ maxLength: 64, description });
const trouble = Type.Object({ failure: Type.String(), text: Type.String(), mend: Type.String() });

export const FindingView = Type.Object(
  {
    code: Type.String(),
    isTrouble: Type.Boolean(),
    text: Type.String(),
    mend: Type.Optional(Type.String()),
  },
  { title: 'BmcFinding' },
);

export const PowerView = Type.Object(
  {
    node: Type.String(),
    driver: Type.Optional(Type.String({ description: 'Absent: nothing here can power it.' })),
    address: Type.Optional(Type.String({ description: 'Where its BMC is.' })),
    state: Type.Optional(Type.String({ description: 'on, off, or unknown; absent: nobody has asked yet.' })),
    readAt: Type.Optional(Type.String({ description: 'When the BMC was asked.' })),
    trouble: Type.Optional(trouble),
    breaker: Type.Optional(Type.String({ description: 'open: it did not answer; locked: it refuses the password.' })),
    latencyMs: Type.Optional(Type.Number({ description: 'What it takes to answer, learned.' })),
    queued: Type.Optional(Type.Integer()),
    findings: Type.Array(FindingView),
  },
  { title: 'Power' },
);
export type PowerView = Static<typeof PowerView>;

const { limit: _limit, after: _after, ...selection } = NodeListQuery.properties;
const flag = (description: string) =>
  Type.Optional(Type.Unsafe<'true' | 'false'>({ type: 'string', enum: ['true', 'false'], description }));

export const PowerQuery = Type.Object({ ...selection, fresh: flag('Asks each BMC now; else what is known.') }, closed);
export const PowerListView = Type.Object({ items: Type.Array(PowerView) });
export type PowerListView = Static<typeof PowerListView>;

const staggerBody = Type.Object(
  {
    nodes: Type.Integer({ minimum: 1, maximum: 10_000, description: 'So many machines.' }),
    perSeconds: Type.Integer({ minimum: 1, maximum: 3_600, description: 'Within so long.' }),
    by: Type.Optional(
      Type.Unsafe<'rack' | 'all'>({ type: 'string', enum: ['rack', 'all'], description: 'rack unless told.' }),
    ),
  },
  { ...closed, description: 'At most so many are switched on within so long.' },
);
const windowBody = Type.Object(
  {
    opens: line('Cron pattern: `0 2 * * 6` is Saturdays at two.'),
    minutes: Type.Integer({ minimum: 1, maximum: 10_080, description: 'For how long it is open.' }),
    timeZone: Type.Optional(line('As Europe/Berlin; the host’s unless told.')),
  },
  { ...closed, description: 'Nodes are begun only while it is open.' },
);

const who = {
  by: line('Who does it: a person’s name. It stands in the timeline.'),
  reason: Type.Optional(line('Why: firmware update, ticket 4711.')),
};
const action = Type.Unsafe<(typeof PERSON_ACTIONS)[number]>({
  type: 'string',
  enum: [...PERSON_ACTIONS],
  description: 'cycle switches a machine on that is off; soft asks its system to shut down.',
});

/** POST /nodes/{node}/power. */
export const NodePowerBody = Type.Object(
  {
    action,
    ...who,
    evenInMaintenance: Type.Optional(Type.Boolean({ description: 'Also where the node is in maintenance.' })),
  },
  { ...closed, title: 'PowerOrder' },
);

/** POST /jobs. */
export const JobBody = Type.Object(
  {
    action,
    ...who,
    at: Type.Optional(time('RFC 3339: not before.')),
    every: Type.Optional(line('Cron pattern: it recurs.')),
    timeZone: Type.Optional(line('Of `every`, as Europe/Berlin; the host’s unless told.')),
    window: Type.Optional(windowBody),
    stagger: Type.Optional(staggerBody),
    expiresInSeconds: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 30 * 86_400,
        description: 'Nodes that are not begun by then never are; a day unless told, a week with a window.',
      }),
    ),
  },
  { ...closed, title: 'JobOrder' },
);
export type JobBody = Static<typeof JobBody>;

export const JobQuery = Type.Object({ ...selection, dryRun: flag('Only say what would happen to each.') }, closed);

export const JobCounts = Type.Object({
  nodes: Type.Integer(),
  waiting: Type.Integer(),
  underWay: Type.Integer(),
  done: Type.Integer(),
  failed: Type.Integer(),
  skipped: Type.Integer(),
  cancelled: Type.Integer(),
  unsure: Type.Integer(),
});

export const JobView = Type.Object(
  {
    id: Type.String(),
    action: Type.String(),
    by: Type.String(),
    reason: Type.Optional(Type.String()),
    state: Type.String({ description: 'scheduled, running, paused, done, cancelled.' }),
    createdAt: Type.String(),
    startAt: Type.Optional(Type.String()),
    endedAt: Type.Optional(Type.String()),
    every: Type.Optional(Type.String()),
    parent: Type.Optional(Type.String({ description: 'The job that recurs, of its runs.' })),
    stagger: Type.Optional(Type.String()),
    window: Type.Optional(Type.String()),
    counts: JobCounts,
  },
  { title: 'Job' },
);
export type JobView = Static<typeof JobView>;

export const JobStepView = Type.Object({
  node: Type.String(),
  stage: Type.String({
    description: 'waiting, arming, turning-off, turning-on, awaiting-boot, done, failed, skipped, cancelled, unsure.',
  }),
  at: Type.String(),
  attempt: Type.Optional(Type.Integer({ description: 'Network boots so far.' })),
  text: Type.Optional(Type.String()),
  mend: Type.Optional(Type.String()),
});
export const JobDetailView = Type.Object(
  { ...JobView.properties, steps: Type.Array(JobStepView) },
  { title: 'JobDetail' },
);
export type JobDetailView = Static<typeof JobDetailView>;

export const ForecastView = Type.Object({
  dryRun: Type.Boolean(),
  job: Type.Optional(JobView),
  items: Type.Array(
    Type.Object({
      node: Type.String(),
      outcome: Type.String({ description: 'would, skipped.' }),
      text: Type.String(),
      mend: Type.Optional(Type.String()),
    }),
  ),
});
export type ForecastView = Static<typeof ForecastView>;

export const CancelBody = Type.Object({ by: who.by }, closed);

export const BootDeviceView = Type.Object(
  {
    device: Type.String({ description: 'none, network, network-http, disk.' }),
    persistent: Type.Boolean(),
    uefi: Type.Boolean(),
  },
  { title: 'BootDevice' },
);
export const BootDeviceBody = Type.Object(
  {
    device: Type.Unsafe<'none' | 'network' | 'network-http' | 'disk'>({
      type: 'string',
      enum: ['none', 'network', 'network-http', 'disk'],
      description: 'none takes the override away.',
    }),
    persistent: Type.Boolean({ description: 'For ever, or for the next boot alone.' }),
    uefi: Type.Optional(
      Type.Boolean({ description: 'Unless told: true, but for a node with the label firmware=bios.' }),
    ),
    by: Type.Optional(who.by),
    reason: who.reason,
  },
  closed,
);
export const IdentifyBody = Type.Object(
  { seconds: Type.Integer({ minimum: 0, maximum: 255, description: 'How long its light is on; 0: off.' }) },
  closed,
);
const rawByte = (maximum: number, description: string) => Type.Integer({ minimum: 0, maximum, description });
export const RawBody = Type.Object(
  {
    ...who,
    netFn: rawByte(62, 'Network function of the request: even.'),
    command: rawByte(255, 'Command.'),
    data: Type.Optional(
      Type.Array(rawByte(255, 'A byte.'), {
        maxItems: 255,
        description: 'What follows it. It stands in the timeline.',
      }),
    ),
  },
  closed,
);
export const RawView = Type.Object({
  node: Type.String(),
  completionCode: Type.Integer({ description: '0 is success (IPMI 2.0 table 5-2).' }),
  text: Type.String({ description: 'What the code means.' }),
  data: Type.String({ description: 'What follows it, in hexadecimal.' }),
});
export type RawView = Static<typeof RawView>;
export const BmcTestView = Type.Object({ node: Type.String(), findings: Type.Array(FindingView) });
export type BmcTestView = Static<typeof BmcTestView>;
export const InventoryView = Type.Object({
  node: Type.String(),
  manufacturer: Type.Optional(Type.String()),
  product: Type.Optional(Type.String()),
  serialNumber: Type.Optional(Type.String()),
  uuid: Type.Optional(Type.String()),
  bmcMac: Type.Optional(Type.String()),
  bmcFirmware: Type.Optional(Type.String()),
  macs: Type.Optional(Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string' } })),
  inletCelsius: Type.Optional(Type.Number({ description: 'Of the air that comes in.' })),
  powerWatts: Type.Optional(Type.Number({ description: 'What it draws now.' })),
  lastRestart: Type.Optional(Type.String({ description: 'by-command, watchdog, power-button …' })),
  findings: Type.Array(FindingView),
});
export type InventoryView = Static<typeof InventoryView>;
export const BmcLogQuery = Type.Object(
  {
    since: Type.Optional(
      Type.String({
        pattern: '^[0-9]{1,10}(@[0-9]{1,10})?$',
        description:
          'Position of the last entry that is known: all are answered where the log was cleared since. Or its id, which begins anew in a log that was cleared.',
      }),
    ),
    limit: Type.Optional(
      Type.String({ pattern: '^([1-9][0-9]{0,2}|1000)$', description: '1 to 1000; 100 unless told.' }),
    ),
  },
  closed,
);
export const BmcLogView = Type.Object({
  items: Type.Array(
    Type.Object({
      id: Type.Integer(),
      position: Type.String({ description: 'For since, to go on after it.' }),
      at: Type.Optional(Type.String()),
      severity: Type.String(),
      text: Type.String(),
      raw: Type.String(),
    }),
  ),
});
export type BmcLogView = Static<typeof BmcLogView>;

export const CredentialsBody = Type.Object(
  {
    userName: Type.String({ minLength: 1, maxLength: 128, description: 'Of the BMCs’ user.' }),
    password: Type.String({ minLength: 1, maxLength: 128, description: 'Its password. No answer ever has it.' }),
    bmcKey: Type.Optional(Type.String({ maxLength: 40, description: 'Kg of IPMI’s two-key login, in hexadecimal.' })),
  },
  { ...closed, title: 'BmcCredentials' },
);
export const CredentialsListView = Type.Object({
  items: Type.Array(Type.Object({ name: Type.String(), changedAt: Type.String(), isRotating: Type.Boolean() })),
});
export type CredentialsListView = Static<typeof CredentialsListView>;
export const RotateBody = Type.Object(
  {
    password: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'The new one; absent: goes on with the one that is stored.',
      }),
    ),
  },
  closed,
);
export const RotateView = Type.Object({
  isDone: Type.Boolean({ description: 'false: both passwords are tried until it was done on all.' }),
  items: Type.Array(
    Type.Object({
      node: Type.String(),
      outcome: Type.String(),
      text: Type.String(),
      mend: Type.Optional(Type.String()),
    }),
  ),
});
export type RotateView = Static<typeof RotateView>;
