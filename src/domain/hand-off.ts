import type { Ipv4 } from './ipv4.ts';
import type { NodeId } from './node.ts';

/** The word in the configuration; each is one file and one line in `runners/registry.ts`. */
export const RUNNER_KINDS = ['kubespray', 'slurm', 'playbook', 'command', 'webhook'] as const;
export type RunnerKind = (typeof RUNNER_KINDS)[number];

/**
 * What a run is for.
 * - `deploy`            the cluster as a whole, the first time
 * - `add-worker`        hosts join a cluster that stands; what a finished node asks for
 * - `add-control-plane` the same for members of the control plane
 * - `remove`            hosts leave it
 * - `upgrade`           to the checkout's version, in batches
 * - `service`           one entry of the catalogue
 */
export const RUN_ACTIONS = ['deploy', 'add-worker', 'add-control-plane', 'remove', 'upgrade', 'service'] as const;
export type RunAction = (typeof RUN_ACTIONS)[number];

export type RunId = string;

/** A cluster of podboot.yaml: who belongs to it, and by which runner they join. */
export interface ClusterSettings {
  readonly name: string;
  readonly runner: RunnerKind;
  /** A node belongs to it that has one of these roles. */
  readonly roles: readonly string[];
  /** Finished nodes are gathered this long before a run takes them along. */
  readonly settleMs: number;
  /** A run that says nothing for this long is stopped. */
  readonly inactivityMs: number;
  readonly waves: WaveSettings;
  readonly ssh: SshSettings;
  /** List of checks of its nodes, after the runner succeeded: an absolute path, or the name of one of podboot's. */
  readonly acceptance?: string;
  /** The runner's own, checked by its schema: `checkout`, `playbook`, `argv`, `url`, `ansible`, … */
  readonly options: Readonly<Record<string, unknown>>;
}

/** First one, then more at a time, and no more at all when too many fail. */
export interface WaveSettings {
  /** Nodes of the first run; 0: no canary. */
  readonly canaryNodes: number;
  readonly maxNodes: number;
  /** 0 to 1, of a wave's nodes: when more fail, the next wave waits for a person. */
  readonly maxFailedShare: number;
}

/** How hosts are reached after their installation. Keys alone, no passwords. */
export interface SshSettings {
  readonly user: string;
  readonly port: number;
  /** Path of the private key. */
  readonly keyFile?: string;
  readonly bastion?: { readonly host: string; readonly user: string; readonly port: number; readonly keyFile?: string };
}

/** A node as runners see it. */
export interface RunHost {
  readonly id: NodeId;
  /** RFC 1123 label: also its name in the inventory. */
  readonly name: string;
  /** Reserved or leased address of its boot interface. */
  readonly address?: Ipv4;
  readonly roles: readonly string[];
  /** Of its first Infiniband interface, with the prefix of its subnet: `10.1.0.1/24`. */
  readonly infinibandAddress?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Left alone by everything but a run that names it. */
  readonly isInMaintenance?: true;
}

export interface RunRequest {
  readonly cluster: string;
  readonly action: RunAction;
  /** Names of nodes; empty: everybody in the cluster. */
  readonly hosts: readonly string[];
  /** Of `remove`: hosts that do not answer are taken out of the cluster without being reset. */
  readonly ungraceful?: boolean;
  /** For the history: a person's token name, `installed`, `deploy plan pod1`. */
  readonly by: string;
  /** Entry of the catalogue for `service`. */
  readonly service?: string;
}

/**
 * One process of a run. Steps go one after another; the first that fails ends the run.
 */
export interface RunStep {
  /** `facts`, `scale`, `deploy rook`. */
  readonly name: string;
  /** What is executed, never by a shell; secrets never stand in it. Paths of the run's own files begin with `{run}/`. */
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Added to a small fixed environment; `{run}/` is replaced as in argv. Secrets never stand in it. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Who says what became of each host: `ansible` our callback plugin, which it is started with; `events` the step itself, in
   * the same lines, in the file that PODBOOT_EVENTS names; `plain` its exit code.
   */
  readonly speaks: 'ansible' | 'events' | 'plain';
  /** Whose results this step decides. */
  readonly hosts: readonly string[];
}

/** A node of the cluster that a run does not speak to, though it may be meant by it. */
export interface LeftOutHost {
  readonly host: string;
  readonly because: string;
}

/** Written below the run's folder with mode 0600 before it starts. */
export interface RunFile {
  readonly path: string;
  readonly content: string;
}

export interface RunPlan {
  readonly request: RunRequest;
  readonly runner: RunnerKind;
  readonly hosts: readonly RunHost[];
  readonly steps: readonly RunStep[];
  readonly files: readonly RunFile[];
  /** SHA-256 of the inventory, hex. A resumed run refuses another one. */
  readonly inventoryHash?: string;
  /** Whoever starts it has to be told. */
  readonly leftOut?: readonly LeftOutHost[];
  /** Each with its mend; a plan with any is not started. */
  readonly obstacles: readonly Obstacle[];
}

export interface Obstacle {
  readonly code: string;
  /** Name of the one node that it is about: a run without that node could go on. */
  readonly host?: string;
  readonly message: string;
  readonly mend: string;
}

export const HOST_RESULTS = ['pending', 'running', 'changed', 'unchanged', 'failed', 'unreachable', 'unknown'] as const;
/** `unknown`: the run was interrupted; what it did there has to be done again. */
export type HostResult = (typeof HOST_RESULTS)[number];

export interface HostOutcome {
  readonly result: HostResult;
  /** Where it failed, and with what words (bounded, secrets masked). */
  readonly failedTask?: string;
  readonly message?: string;
}

/**
 * - `refused`      did not begin: nothing was changed
 * - `interrupted`  its process is gone without a word (power cut)
 */
export const RUN_STATES = ['running', 'succeeded', 'failed', 'refused', 'stopped', 'interrupted'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Kept in the store as a document of kind `run`, and sent by the API as it is. */
export interface RunStatus {
  readonly id: RunId;
  readonly cluster: string;
  readonly runner: RunnerKind;
  readonly action: RunAction;
  /** As it was asked for: whoever goes on with the run means it still. */
  readonly ungraceful?: boolean;
  readonly service?: string;
  readonly by: string;
  readonly state: RunState;
  readonly hosts: Readonly<Record<string, HostOutcome>>;
  readonly steps: readonly { readonly name: string; readonly exitCode?: number; readonly signal?: string }[];
  /** Task n of at least m: an honest figure, since includes add tasks on the way. */
  readonly progress?: {
    readonly play?: string;
    readonly task?: string;
    readonly tasksDone: number;
    readonly tasksSeen: number;
  };
  readonly inventoryHash?: string;
  readonly leftOut?: readonly LeftOutHost[];
  /** Of `stopped`: who asked for it. */
  readonly stoppedBy?: string;
  /** The run that this one goes on with. */
  readonly resumes?: RunId;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Why it is not `succeeded`, and what to do next. */
  readonly reason?: string;
}

/** What a check of a finished node found: the role's baseline or the scheduler's own word. */
export interface CheckResult {
  /** `gpu-count`, `kubernetes-ready`, `slurm-gres`. */
  readonly check: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly found: string;
  readonly mend?: string;
}

/** Both are kept with the node: what the runner said, and what its acceptance found. */
export interface HandOffResult {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly run: RunId;
  readonly outcome: HostOutcome;
  readonly checks: readonly CheckResult[];
  readonly at: number;
}

/** Looks at hosts after their runner succeeded. Never throws: what can't be looked at is a failed check. */
export interface AcceptanceGate {
  check(cluster: ClusterSettings, hosts: readonly RunHost[]): Promise<ReadonlyMap<string, readonly CheckResult[]>>;
}

/** Starts and watches runs: for the API, the deployment plan, the catalogue and lifecycle. */
export interface RunBook {
  /** @throws PodbootError `cluster-busy` while a run of the cluster is under way, `run-refused` with all obstacles */
  start(request: RunRequest): Promise<RunStatus>;
  plan(request: RunRequest): Promise<RunPlan>;
  get(id: RunId): RunStatus | undefined;
  all(): readonly RunStatus[];
  /** In steps: the process group is asked, then told, then killed. Resolves once it has ended. */
  stop(id: RunId, by: string): Promise<RunStatus>;
  /**
   * Once more, for the hosts that it did not bring to their end.
   * @throws PodbootError `inventory-changed` unless that is confirmed; and as `start`
   */
  resume(id: RunId, by: string, options?: { readonly confirmInventory?: boolean }): Promise<RunStatus>;
  /** Once it has ended, at once if it has. */
  ended(id: RunId): Promise<RunStatus>;
  /** Called with each status that is put down: when a run starts, and when it has ended. */
  onChange(listener: (status: RunStatus) => void): () => void;
}

/** A node that waits for a run of its cluster. */
export interface WaitingNode {
  readonly nodeId: NodeId;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Runs that were interrupted with it. */
  readonly interruptions: number;
  /** Asked for by this person, and not by the node's installation. */
  readonly by?: string;
  /** It did not answer when a run was to begin: how often, and when it is asked again. */
  readonly silent?: { readonly times: number; readonly nextAt: number };
}

/** Why no further run begins by itself; a person lets it go on. */
export interface HandOffHalt {
  readonly text: string;
  readonly mend: string;
  readonly at: number;
  readonly run?: RunId;
}

/** What is to be done for a cluster, kept in the store by its name. */
export interface HandOffQueue {
  readonly cluster: string;
  readonly waiting: readonly WaitingNode[];
  /**
   * The run under way that hands nodes over, and how often each was interrupted before; `attempts` came to nothing before it,
   * for the pause if it does not begin either.
   */
  readonly current?: { readonly run: RunId; readonly nodes: readonly WaitingNode[]; readonly attempts?: number };
  /** A wave went well under these settings (their hash): no canary is needed until they change, or a day later. */
  readonly trusted?: { readonly settings: string; readonly at: number };
  readonly halt?: HandOffHalt;
  /** The last attempt met obstacles: the next one is made then. */
  readonly blocked?: {
    readonly text: string;
    readonly mend: string;
    readonly attempts: number;
    readonly nextAt: number;
  };
}
