import type { BootGrant } from '../../domain/boot-grant.ts';
import type { Node } from '../../domain/node.ts';
import type { NodeLife } from '../../domain/node-life.ts';
import type { StoredEvent } from '../../domain/stored-event.ts';

export interface DiagnosisInput {
  readonly node: Node;
  readonly life: NodeLife;
  readonly grant: BootGrant | undefined;
  /** The node's own, and what its interfaces did as strangers; oldest first. */
  readonly entries: readonly StoredEvent[];
  /** The daemon's: listeners, other DHCP servers, the clock. */
  readonly daemon: readonly StoredEvent[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Why a node is where it is, and what to do about it. */
export interface Diagnosis {
  /** Stable, for programs: `no-discover`. */
  readonly code: string;
  readonly text: string;
  readonly mend: string;
  /** The events that say so, oldest first. */
  readonly evidence: readonly StoredEvent[];
}

export type Finding = Omit<Diagnosis, 'code'>;

/** One cause. */
export interface Cause {
  readonly code: string;
  /** What it means, for the list in the documents. */
  readonly title: string;
  readonly find: (evidence: Evidence) => Finding | undefined;
}

const MAX_EVIDENCE = 5;

/** A timeline, with the questions that causes ask of it. Only what happened since the node was started counts. */
export class Evidence {
  readonly input: DiagnosisInput;
  readonly entries: readonly StoredEvent[];

  constructor(input: DiagnosisInput) {
    this.input = input;
    const { life, grant, entries } = input;
    // Being started and being installed are one story; a node that nobody started has only its own time.
    const isUnderWay = life.state === 'powering' || life.state === 'booting' || life.state === 'installing';
    const since = isUnderWay && grant !== undefined ? Math.min(grant.armedAt, life.since) : life.since;
    this.entries = entries.filter(({ at }) => at >= since);
  }

  get name(): string {
    return this.input.node.name;
  }

  get life(): NodeLife {
    return this.input.life;
  }

  /** What began last: since the firmware's last DISCOVER of a machine that tries again and again. */
  get lastBoot(): readonly StoredEvent[] {
    const begin = this.entries.findLastIndex(
      ({ event }) => event.type === 'dhcp.offer' && isFirmware(event.data?.stage),
    );
    return begin < 0 ? this.entries : this.entries.slice(begin);
  }

  all(type: string | RegExp, entries = this.entries): StoredEvent[] {
    return entries.filter(({ event }) => (typeof type === 'string' ? event.type === type : type.test(event.type)));
  }

  last(type: string | RegExp, entries = this.entries): StoredEvent | undefined {
    return this.all(type, entries).at(-1);
  }

  has(type: string | RegExp): boolean {
    return this.last(type) !== undefined;
  }

  /** Anything of a machine on the network, whatever it was told. */
  get isHeard(): boolean {
    return this.has(/^dhcp\./);
  }

  /** `evidence` with the last of the entries. */
  finding(text: string, mend: string, ...entries: readonly (StoredEvent | undefined)[]): Finding {
    const evidence = entries.filter((entry): entry is StoredEvent => entry !== undefined);
    return { text, mend, evidence: evidence.slice(-MAX_EVIDENCE) };
  }

  /** Of the daemon's own, newest last, within the time of the node's trouble. */
  daemonLast(type: string): StoredEvent | undefined {
    return this.input.daemon.filter(({ event }) => event.type === type).at(-1);
  }
}

export function isFirmware(stage: unknown): boolean {
  return stage === 'pxe' || stage === 'http';
}

/** `40 s`, `12 min`, `3 h`. */
export function durationText(ms: number): string {
  if (ms < 120_000) return `${Math.max(0, Math.round(ms / 1_000))} s`;
  const minutes = Math.round(ms / 60_000);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
