import type { Commands } from '../domain/commands.ts';
import type {
  ClusterSettings,
  RunHost,
  RunId,
  RunnerKind,
  RunPlan,
  RunRequest,
  RunStatus,
} from '../domain/hand-off.ts';
import type { ReadContents } from './kubespray/cluster-contents.ts';
import type { KnownHosts } from './ssh/known-hosts.ts';
import type { Ssh } from './ssh/ssh-client.ts';

/** What a kind of runner needs of the house to make a plan. */
export interface PlanContext {
  /** Absolute path of the folder that every run has one below. */
  readonly runsDir: string;
  readonly ssh: Ssh;
  readonly knownHosts: KnownHosts;
  /** Programs of this host, for what is looked at before a run. */
  readonly commands: Commands;
  /** Who is in a cluster of Kubernetes now. */
  readonly contents: ReadContents;
  /** Nodes of a cluster that have no system yet: none of `members`. */
  readonly awaited: (cluster: ClusterSettings) => readonly RunHost[];
}

/**
 * What one kind of runner is: one file and one line in `registry.ts`. How its steps are run, watched, stopped and found again
 * is the same for all kinds (`run-processes.ts`).
 */
export interface RunnerModule {
  readonly kind: RunnerKind;
  /**
   * What a run would do, and what stands against it. Changes nothing outside; refuses by obstacles, not by throwing.
   * @param members everybody in the cluster, whom the inventory is made of; `request.hosts` limits the run to some of them
   */
  plan(
    cluster: ClusterSettings,
    request: RunRequest,
    members: readonly RunHost[],
    context: PlanContext,
  ): Promise<RunPlan>;
}

/**
 * The contract of a deployment runner: it takes nodes that have their operating system to what they are for
 * (Kubernetes, Slurm, a playbook, any command). A run is a process of its own that outlives the daemon, so
 * everything about it is known by its id and `reattach` finds it again after a restart.
 */
export interface Runner {
  readonly kind: RunnerKind;
  /** As `RunnerModule.plan`. */
  plan(cluster: ClusterSettings, request: RunRequest, members: readonly RunHost[]): Promise<RunPlan>;
  /**
   * Starts the run and returns at once. Only for a plan without obstacles.
   * @param id new, from `newRunId`: it is in the store already
   * @throws HostRefused where its folder can't be made or its process not be started; nothing runs then
   */
  start(id: RunId, cluster: ClusterSettings, plan: RunPlan): Promise<void>;
  /** How it stands, from its folder. @throws NotFound where there is none */
  status(run: RunId): Promise<RunStatus>;
  /** Asks, then insists: the whole process group, in steps. Resolves once it has ended. */
  stop(run: RunId, by: string): Promise<void>;
  /** Takes up a run that was under way when the daemon ended; undefined where it is gone and left nothing. */
  reattach(run: RunId): Promise<RunStatus | undefined>;
}
