import type { RunStatus } from '../domain/hand-off.ts';
import type { HistogramSnapshot } from '../domain/histogram.ts';

/** Counters of a service by name, as its `statistics()` has them. */
export type Counts = Readonly<Record<string, number>>;

/** How full the pools of one subnet are. */
export interface PoolUse {
  /** `10.77.0.0/24` */
  readonly subnet: string;
  readonly size: number;
  readonly leased: number;
  readonly offered: number;
  readonly quarantined: number;
}

/** Uses of BMCs: how they ended, and what they took, in seconds. */
export interface BmcUse {
  /** `ok`, or the failure: `unreachable`, `credentials`, … */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly seconds: HistogramSnapshot;
}

export interface StoreUse {
  readonly commits: number;
  readonly failedCommits: number;
  readonly pendingCommits: number;
  /** Of the longest one that is under way. */
  readonly pendingSeconds: number;
  readonly seconds: HistogramSnapshot;
}

export interface ProcessUse {
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly cpuSeconds: number;
  readonly openFiles: number;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** Seconds by percentile (`50`, `99`, `100`), since the last scrape. */
  readonly loopDelaySeconds: ReadonlyMap<string, number>;
}

/** Where the figures come from: asked at a scrape and never in between. */
export interface MetricSources {
  readonly version: string;
  readonly dhcp: () => Counts;
  readonly pools: () => readonly PoolUse[];
  readonly tftp: () => Counts;
  readonly http: () => Counts;
  readonly dns: () => Counts;
  readonly syslog: () => Counts;
  readonly install: () => Counts;
  readonly power: () => Counts;
  readonly consoles: () => Counts;
  readonly timeline: () => Counts;
  readonly discovery: () => Counts;
  readonly bmcs: () => BmcUse;
  /** Nodes by the state of their life. */
  readonly nodeStates: () => ReadonlyMap<string, number>;
  /** Nodes that have a fault, by its code. */
  readonly nodeFaults: () => ReadonlyMap<string, number>;
  /** By stage, in seconds since the first DISCOVER. */
  readonly bootStages: () => ReadonlyMap<string, HistogramSnapshot>;
  /** Installations since the start, by their end. */
  readonly installations: () => ReadonlyMap<string, number>;
  /** What was told as a warning or an error, by its type. */
  readonly warnings: () => ReadonlyMap<string, number>;
  readonly runs: () => readonly RunStatus[];
  readonly store: () => StoreUse;
  readonly process: () => ProcessUse;
  /** By name, whether it is as it should be. */
  readonly health: () => ReadonlyMap<string, boolean>;
}
