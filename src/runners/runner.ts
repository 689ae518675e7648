/**
 * The contract of a deployment runner: it takes nodes that have their operating system to what they are for
 * (Kubernetes, Slurm, a playbook, any command). A run is a process of its own that outlives the daemon, so
 * everything about it is known by its id and `reattach` finds it again after a restart.
 */
export interface Runner {
  /** `kubespray`, `slurm`, `playbook`, `command`, `webhook`: the word in the configuration. */
  readonly kind: string;
  /** What a run would do, and what stands against it. Changes nothing. */
  plan(request: RunRequest): Promise<RunPlan>;
  /** Starts the run and returns at once. Only for a plan without obstacles. */
  start(plan: RunPlan): Promise<RunId>;
  status(run: RunId): Promise<RunStatus>;
  /** Asks, then insists: the whole process group, in steps. */
  stop(run: RunId): Promise<void>;
  /** Takes up a run that was under way when the daemon ended; undefined where it is gone. */
  reattach(run: RunId): Promise<RunStatus | undefined>;
}

export type RunId = string;

export interface RunRequest {
  readonly cluster: string;
  /** Names of nodes. */
  readonly hosts: readonly string[];
}

export interface RunPlan {
  readonly request: RunRequest;
  /** argv of the process; secrets never stand in it. */
  readonly command: readonly string[];
  /** Each with its mend; a plan with any is not started. */
  readonly obstacles: readonly { readonly message: string; readonly mend: string }[];
}

export type HostResult = 'pending' | 'running' | 'changed' | 'unchanged' | 'failed' | 'unreachable';

export interface RunStatus {
  readonly run: RunId;
  readonly state: 'running' | 'succeeded' | 'failed' | 'stopped';
  readonly hosts: ReadonlyMap<string, HostResult>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
}
