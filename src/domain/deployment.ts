import type { CheckResult, RunAction, RunId } from './hand-off.ts';
import type { NodeState } from './node-life.ts';
import type { Owner } from './schedulers.ts';

/** Which nodes a step is about; all that is given must fit. */
export interface NodeChoice {
  /** A list of hosts: `dgx[01-32]`. */
  readonly names?: string;
  /** One of these roles. */
  readonly roles?: readonly string[];
  /** None of these. */
  readonly exceptRoles?: readonly string[];
}

/**
 * What a step does; it is done when
 * - `check`    nothing stands against a run of the cluster
 * - `nodes`    so large a share of the nodes is in one of the states, without a fault
 * - `run`      a run of the cluster has succeeded
 * - `services` each service is deployed and its pages answer
 * - `install`  each node that is new and was confirmed has its boot grant: they are wiped
 * - `owner`    the scheduler has the nodes
 * - `verify`   the acceptance of the nodes has passed, and the services answer
 * - `confirm`  a person says so
 */
export type DeployWork =
  | { readonly kind: 'check'; readonly cluster: string; readonly action: RunAction; readonly nodes?: NodeChoice }
  | {
      readonly kind: 'nodes';
      readonly nodes: NodeChoice;
      readonly states: readonly NodeState[];
      readonly share: number;
    }
  | { readonly kind: 'run'; readonly cluster: string; readonly action: RunAction; readonly nodes?: NodeChoice }
  | { readonly kind: 'services'; readonly cluster: string; readonly services: readonly string[] }
  | { readonly kind: 'install'; readonly nodes: NodeChoice; readonly profile?: string }
  | { readonly kind: 'owner'; readonly nodes: NodeChoice; readonly owner: Owner }
  | {
      readonly kind: 'verify';
      readonly cluster: string;
      readonly nodes?: NodeChoice;
      readonly services: readonly string[];
    }
  | { readonly kind: 'confirm'; readonly text: string };

export interface DeployStep {
  readonly name: string;
  readonly title: string;
  /** Steps that have to be done, or left out, before it begins. */
  readonly after: readonly string[];
  /** Its failure does not stop those behind it. */
  readonly isOptional: boolean;
  /** It has failed then; absent: a person decides. */
  readonly deadlineMs?: number;
  readonly work: DeployWork;
}

/** The order in which a pod is built: each step says what it waits for. */
export interface DeployPlan {
  readonly name: string;
  /** In an order in which they can be done. */
  readonly steps: readonly DeployStep[];
}

export type DeployStepState = 'waiting' | 'running' | 'done' | 'failed' | 'left-out';

export interface DeployStepProgress {
  readonly state: DeployStepState;
  /** From 1; grows when a person lets it be tried again. */
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Runs that it has started, by what they are for: an action or a service. */
  readonly runs?: Readonly<Record<string, RunId>>;
  /** What it waits for now, or what came of it. */
  readonly text?: string;
  readonly mend?: string;
  /** Of `verify`. */
  readonly checks?: Readonly<Record<string, readonly CheckResult[]>>;
  /** Who confirmed it, or left it out. */
  readonly by?: string;
}

export type DeploymentState = 'running' | 'stopped' | 'done' | 'failed';

/** A plan under way, kept in the store as a document of kind `deployment` by the plan's name. */
export interface Deployment {
  readonly plan: DeployPlan;
  readonly by: string;
  readonly state: DeploymentState;
  readonly steps: Readonly<Record<string, DeployStepProgress>>;
  /** Nodes that a person agreed to have wiped and installed; no others are, whatever fits meanwhile. */
  readonly approved: readonly string[];
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Who stopped it. */
  readonly stoppedBy?: string;
  /** Grows by one at each change. */
  readonly version: number;
}

/** What a plan would do, before it is begun. */
export interface DeployForecast {
  readonly plan: DeployPlan;
  readonly steps: readonly {
    readonly name: string;
    readonly title: string;
    readonly after: readonly string[];
    /** In one sentence: `installs 32 nodes: their disks are wiped`. */
    readonly text: string;
    readonly problems: readonly { readonly message: string; readonly mend: string }[];
  }[];
  /** Nodes that it would wipe and install: their number has to be confirmed. */
  readonly installs: readonly string[];
}

/** Deployment plans: for the API. */
export interface Deployments {
  /** The plan that follows the guide's eight steps, for the clusters and nodes that there are. */
  standard(): DeployPlan;
  /** @throws InvalidInput with everything that is wrong with it */
  read(text: string): DeployPlan;
  /** As YAML, to be edited. */
  write(plan: DeployPlan): string;
  forecast(plan: DeployPlan): Promise<DeployForecast>;
  /**
   * @param installs how many nodes may be wiped and installed; it has to be the number that there are
   * @throws Conflict where one of its name is under way, or the number is another one; InvalidInput
   */
  start(plan: DeployPlan, by: string, installs: number): Promise<Deployment>;
  /** Newest first. */
  all(): readonly Deployment[];
  /** @throws NotFound */
  get(name: string): Deployment;
  /** Begins nothing more; runs that are under way are stopped too with `runs`. @throws NotFound, Conflict */
  stop(name: string, by: string, runs: boolean): Promise<Deployment>;
  /** Goes on; what failed is tried again. @throws NotFound, Conflict */
  resume(name: string, by: string): Promise<Deployment>;
  /** @throws NotFound, Conflict */
  confirm(name: string, step: string, by: string): Promise<Deployment>;
  /** Does not do a step that has not ended, or has failed. @throws NotFound, Conflict */
  leaveOut(name: string, step: string, by: string): Promise<Deployment>;
}
