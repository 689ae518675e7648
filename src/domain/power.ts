import type { NodeId } from './node.ts';

/**
 * - `on`, `off`, `soft`, `cycle`, `reset` as people mean them; `cycle` switches a machine on that is off
 * - `network-boot` start it from the network, this once, and see it ask for an address
 * - `disk-first`   its disk first, for ever
 * - `on-when-off`  it switches itself off soon: on again then
 */
export const JOB_ACTIONS = [
  'on',
  'off',
  'soft',
  'cycle',
  'reset',
  'network-boot',
  'disk-first',
  'on-when-off',
] as const;
export type JobAction = (typeof JOB_ACTIONS)[number];
/** Those that people give; the others are of a node's life. */
export const PERSON_ACTIONS = ['on', 'off', 'soft', 'cycle', 'reset', 'network-boot', 'disk-first'] as const;

/** Against inrush: so many machines of a group are switched on within so long, and no more. */
export interface Stagger {
  readonly nodes: number;
  readonly perMs: number;
  readonly by: 'rack' | 'all';
}

/** Nodes are begun only while it is open: from each match of a cron pattern on, for so long. */
export interface JobWindow {
  readonly opens: string;
  readonly lengthMs: number;
  /** IANA name; the host's own unless told. */
  readonly timeZone?: string;
}

export interface JobRecurrence {
  /** Cron pattern. */
  readonly every: string;
  readonly timeZone?: string;
}

/**
 * - `scheduled` its time has yet to come; one that recurs stays so
 * - `running`   nodes are begun as stagger and window let them
 * - `paused`    none is begun; what is under way comes to its end
 */
export type JobState = 'scheduled' | 'running' | 'paused' | 'done' | 'cancelled';

/** What somebody wants of the power of some nodes. The intent lasts as long as the job. Times: milliseconds since 1970. */
export interface PowerJob {
  readonly id: string;
  readonly action: JobAction;
  /** A person's name; `podboot` for what a node's life asks for. */
  readonly by: string;
  readonly reason?: string;
  readonly origin: 'person' | 'life';
  /** A named person asks for this one node although it is in maintenance. */
  readonly evenInMaintenance: boolean;
  readonly state: JobState;
  readonly createdAt: number;
  /** Not before. */
  readonly startAt: number;
  /** Nodes that are not begun by then never are. */
  readonly expiresAt: number;
  readonly recurrence?: JobRecurrence;
  /** Of one that recurs: the nodes of each run. */
  readonly nodeIds?: readonly NodeId[];
  /** The job that recurs, of its runs. */
  readonly parent?: string;
  readonly window?: JobWindow;
  readonly stagger?: Stagger;
  readonly endedAt?: number;
  readonly version: number;
}

/**
 * How far one node is in a job. On disk before what it stands for is done, so that a restart knows what may have been done.
 * - `waiting`       not begun
 * - `arming`        its boot device is being set
 * - `awaiting-off`  it is expected to switch itself off
 * - `turning-off`, `turning-on`  until the BMC reads so; either may be done again without harm
 * - `sent`          a command that can't be told from none by looking: never sent again
 * - `awaiting-boot` until its firmware asks for an address
 * - `unsure`        it may have been done; nothing was repeated
 */
export type StepStage =
  | 'waiting'
  | 'arming'
  | 'awaiting-off'
  | 'turning-off'
  | 'turning-on'
  | 'sent'
  | 'awaiting-boot'
  | 'done'
  | 'failed'
  | 'skipped'
  | 'cancelled'
  | 'unsure';

export interface JobStep {
  readonly jobId: string;
  readonly nodeId: NodeId;
  /** Of the node when the job was made. */
  readonly name: string;
  /** What stagger counts by: its rack. */
  readonly group: string;
  readonly stage: StepStage;
  readonly at: number;
  readonly startedAt?: number;
  /** When it was last told to be on, of the stagger. */
  readonly onAt?: number;
  /** Network boots so far. */
  readonly attempt: number;
  readonly text?: string;
  readonly mend?: string;
  /** From on to its first word on the network: what is learned of its kind. */
  readonly bootMs?: number;
}

const ENDED: ReadonlySet<StepStage> = new Set(['done', 'failed', 'skipped', 'cancelled', 'unsure']);

export function hasEnded({ stage }: Pick<JobStep, 'stage'>): boolean {
  return ENDED.has(stage);
}

/** A named set of credentials as the store has it: AES-256-GCM, all in base64. */
export interface SealedCredentials {
  readonly name: string;
  readonly nonce: string;
  readonly sealed: string;
  readonly tag: string;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** What a test of a BMC found, good or bad. */
export interface BmcFinding {
  /** `unreachable`, `ipmi-off`, `wrong-password`, `privilege`, `default-password`, `default-login`, `works` … */
  readonly code: string;
  readonly isTrouble: boolean;
  readonly text: string;
  readonly mend?: string;
}

/** One that is shown until another look says otherwise. */
export interface StandingFinding {
  readonly nodeId: NodeId;
  readonly finding: BmcFinding;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface PowerSettings {
  /** Absolute path of the key that credentials are sealed with, or the name of a systemd credential. */
  readonly key?: { readonly file: string } | { readonly credential: string };
  /** Commands to BMCs at once. */
  readonly atOnce: number;
  /** Between two commands to one BMC. */
  readonly minGapMs: number;
  readonly pollMs: number;
  /** What a machine may take to be on or off. */
  readonly actionMs: number;
  /** How long a machine that is cycled stays off. */
  readonly offMs: number;
  /** For jobs that say nothing. */
  readonly stagger?: Stagger;
  /** Network boots of one order, until one is seen. */
  readonly bootAttempts: number;
  /** As the defaults unless told. */
  readonly console?: ConsoleSettings;
  /** Which set of credentials a node has that names none; the first that fits. */
  readonly credentials: readonly CredentialsRule[];
}

export interface CredentialsRule {
  readonly use: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export interface ConsoleSettings {
  /** `boots`: while a node is started, boots or is installed. */
  readonly record: 'boots' | 'always' | 'off';
  /** Recordings of a node: of its last boots. */
  readonly keep: number;
}
