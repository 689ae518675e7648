import type {
  ClusterSettings,
  RunHost,
  RunId,
  RunnerKind,
  RunPlan,
  RunRequest,
  RunStatus,
} from '../domain/hand-off.ts';

/**
 * The contract of a deployment runner: it takes nodes that have their operating system to what they are for
 * (Kubernetes, Slurm, a playbook, any command). A run is a process of its own that outlives the daemon, so
 * everything about it is known by its id and `reattach` finds it again after a restart.
 */
export interface Runner {
  readonly kind: RunnerKind;
  /** What a run would do, and what stands against it. Changes nothing. */
  plan(cluster: ClusterSettings, request: RunRequest, hosts: readonly RunHost[]): Promise<RunPlan>;
  /** Starts the run and returns at once. Only for a plan without obstacles. */
  start(plan: RunPlan): Promise<RunId>;
  status(run: RunId): Promise<RunStatus>;
  /** Asks, then insists: the whole process group, in steps. */
  stop(run: RunId): Promise<void>;
  /** Takes up a run that was under way when the daemon ended; undefined where it is gone. */
  reattach(run: RunId): Promise<RunStatus | undefined>;
}
