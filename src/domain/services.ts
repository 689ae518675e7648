import type { RunId, RunState, RunStatus } from './hand-off.ts';

/** What is known of a service of a cluster, kept as a document of kind `service` by cluster and name. */
export interface ServiceRecord {
  readonly cluster: string;
  readonly service: string;
  /** The newest run that deployed it, or tried to. */
  readonly run: RunId;
  readonly state: RunState;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds since 1970: the last time that it went well. */
  readonly deployedAt?: number;
  /** Why it is not there, and what to do next. */
  readonly reason?: string;
}

/** What an address said when it was asked: 200, or whatever was seen instead. */
export interface ProbeResult {
  readonly isUp: boolean;
  /** `200 in 12 ms`, `503 Service Unavailable`, `connection refused`. */
  readonly found: string;
  readonly mend?: string;
}

export interface ServiceLink {
  /** `Grafana`. */
  readonly name: string;
  /** For a browser. Undefined: the node that it is on has no address yet. */
  readonly url?: string;
  /** Undefined: it was not asked, or has no page to be asked. */
  readonly probe?: ProbeResult;
}

export interface ServiceView {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** Whose entry it is: podboot's, or the operator's own. */
  readonly origin: 'podboot' | 'operator';
  /** Services that have to be there first. */
  readonly needs: readonly string[];
  readonly state: 'not-deployed' | 'deploying' | 'deployed' | 'failed';
  /** The newest run of it. */
  readonly run?: RunId;
  /** Milliseconds since 1970. */
  readonly deployedAt?: number;
  readonly reason?: string;
  /** What of the checkout would be run, step for step: `scripts/k8s/deploy_rook.sh (20.10 and later)`. */
  readonly runs: readonly string[];
  readonly links: readonly ServiceLink[];
  /** How its own log is read, for people. */
  readonly log?: string;
  /** Names of secrets that its run told and nobody has seen yet. */
  readonly secrets: readonly string[];
  /** What stands against a run of it now, with its mend. */
  readonly obstacles: readonly { readonly message: string; readonly mend: string }[];
  /** Of the entry: what its operator has to know. */
  readonly notes?: string;
}

/** Services of the clusters, from the catalogue: for the API and the deployment plan. */
export interface ServiceBoard {
  /** Those that the catalogue has an entry for, in the order in which they are needed. @throws NotFound for the cluster */
  list(cluster: string, options?: { readonly probe?: boolean }): Promise<readonly ServiceView[]>;
  /** With its links asked. @throws NotFound */
  status(cluster: string, service: string): Promise<ServiceView>;
  /** @throws NotFound, and as `RunBook.start` */
  deploy(cluster: string, service: string, by: string): Promise<RunStatus>;
  /** What its run told in secret; once: it is nowhere any more when this returns. Who saw it is told. @throws NotFound */
  reveal(
    cluster: string,
    service: string,
    by: string,
  ): Promise<readonly { readonly name: string; readonly value: string }[]>;
}
