import type { NodeId } from './node.ts';

/** Who gives work to a node. `none`: nobody, both refuse it work. */
export const OWNERS = ['k8s', 'slurm', 'none'] as const;
export type Owner = (typeof OWNERS)[number];
export type SchedulerName = Exclude<Owner, 'none'>;

/** The label of a node in Kubernetes that says who owns it, as DeepOps' doctl.sh sets it. */
export const OWNER_LABEL = 'scheduler';

/** A node of a Kubernetes cluster, as far as podboot looks at it. */
export interface KubernetesNode {
  readonly name: string;
  /** Condition `Ready` is `True`. */
  readonly isReady: boolean;
  /** Reason and message of that condition, where it is not; bounded. */
  readonly notReadyBecause?: string;
  /** `spec.unschedulable` is not set: it takes pods. */
  readonly isSchedulable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Quantities as they stand there: `nvidia.com/gpu` → `8`, `memory` → `1056270Mi`. */
  readonly allocatable: Readonly<Record<string, string>>;
}

export interface KubernetesPod {
  readonly namespace: string;
  readonly name: string;
}

/**
 * What the owner of nodes, acceptance and the GPU test need of a cluster; runners/kubernetes fulfils it. Every call is
 * bounded in time and may be repeated without harm: cordoning a cordoned node succeeds.
 * All reject with PodbootError: `kubernetes-unreachable`, `kubernetes-refused` (401, 403, 409, 422 with the server's words);
 * NotFound where the node is not there.
 */
export interface KubernetesNodes {
  /** Undefined where the cluster has no such node. */
  node(name: string): Promise<KubernetesNode | undefined>;
  cordon(name: string): Promise<void>;
  uncordon(name: string): Promise<void>;
  /** Sets labels, over what stands there; null removes one. */
  label(name: string, labels: Readonly<Record<string, string | null>>): Promise<void>;
  /** Pods on the node that have to leave: without those of daemon sets, mirror pods and those that have ended. */
  podsToEvict(name: string): Promise<readonly KubernetesPod[]>;
  /**
   * Asks once, by the eviction API. `budget`: 429, a disruption budget stands against it now: ask again later.
   * `gone`: there is no such pod (any more).
   */
  evict(pod: KubernetesPod): Promise<'accepted' | 'budget' | 'gone'>;
  /** Without regard to disruption budgets: for a person who forces it. A pod that is gone is no error. */
  deletePod(pod: KubernetesPod): Promise<void>;
  /** Of a whole pod from its manifest (kind Pod, with a name of its own); 409 for one that is there rejects. */
  createPod(manifest: Readonly<Record<string, unknown>>): Promise<KubernetesPod>;
  /** `status.phase` in lower case, and why it waits or failed; undefined where it is gone. */
  podPhase(
    pod: KubernetesPod,
  ): Promise<
    | { readonly phase: 'pending' | 'running' | 'succeeded' | 'failed' | 'unknown'; readonly because?: string }
    | undefined
  >;
  /** The last so many bytes of what its first container wrote. */
  podLog(pod: KubernetesPod, limitBytes: number): Promise<string>;
}

/** A node as Slurm sees it. */
export interface SlurmNode {
  readonly name: string;
  /** Without flags, in lower case: `idle`, `mixed`, `allocated`, `down`, `error`, `future`, `unknown`. */
  readonly base: string;
  /** In lower case with hyphens: `drain`, `not-responding`, `completing`, `reboot-requested`, … */
  readonly flags: readonly string[];
  /** Why it is down or drained, as it was written. */
  readonly reason?: string;
  readonly reasonBy?: string;
  /** `gpu:a100:8(S:0-1)`, as configured. */
  readonly gres?: string;
}

/** What others need of a Slurm; runners/slurm fulfils it. All reject with PodbootError: `slurm-unreachable`, `slurm-refused`. */
export interface SlurmNodes {
  /** Undefined where Slurm has no such node. */
  node(name: string): Promise<SlurmNode | undefined>;
  /** No new jobs; those that run go on. A node that is drained already with a reason keeps that one. */
  drain(name: string, reason: string): Promise<void>;
  /**
   * Takes a node back into use whose reason is ours or otherwise known to be harmless (an unexpected reboot); one that takes
   * jobs already is a success.
   * @throws PodbootError `slurm-held` for a reason that somebody else wrote
   */
  resume(name: string): Promise<void>;
  /** Ids of jobs that have this node, also those that are completing. */
  jobsOn(name: string): Promise<readonly string[]>;
  /** For a person who forces it. */
  cancel(jobIds: readonly string[]): Promise<void>;
}

/**
 * The one shape in which the hand-over sees both schedulers. Every act may be done twice without harm and is done once it
 * resolves; all reject with PodbootError.
 */
export interface Scheduler {
  readonly name: SchedulerName;
  /** Undefined where it does not know the node. */
  look(node: string): Promise<SchedulerView | undefined>;
  /** No new work. */
  close(node: string, reason: string): Promise<void>;
  /** New work again. */
  open(node: string): Promise<void>;
  /**
   * One attempt to make the node empty, and what still runs there: `job 4711`, `pod default/train-0`. Asked again until it
   * is empty. `force`: what runs is ended, not waited for.
   */
  clear(node: string, force: boolean): Promise<readonly string[]>;
}

export interface SchedulerView {
  /** It gives work to the node, or would once the node is well. */
  readonly isOpen: boolean;
  /** It can give work to the node now. */
  readonly isReady: boolean;
  /** In the scheduler's own words: `draining (k8s)`, `Ready,SchedulingDisabled`. */
  readonly words: string;
  /** Somebody else took it out of use, in the words they left: opening it would overrule them. */
  readonly heldBecause?: string;
  /** Of Kubernetes: whom the label names. */
  readonly label?: string;
}

/**
 * How far a hand-over is. On disk before what it stands for is done, so that a restart repeats it: every act may be.
 * - `taking`     the old owner gives no new work
 * - `clearing`   what runs there comes to its end
 * - `giving`     the new owner gives work
 * - `labelling`  the label says so
 * - `withdrawing` it failed: the new owner gives no work (any more), and what it gave meanwhile ends
 * - `returning`  the old owner gives work again
 * - `put-back`   as it was before
 * - `stuck`      it could not be put back either: a person has to look
 */
export const OWNER_STAGES = [
  'taking',
  'clearing',
  'giving',
  'labelling',
  'done',
  'withdrawing',
  'returning',
  'put-back',
  'stuck',
] as const;
export type OwnerStage = (typeof OWNER_STAGES)[number];

/** One node's hand-over, kept as a document of kind `owner` by node id; the last one of a node stays. */
export interface OwnerChange {
  readonly nodeId: NodeId;
  /** Of the node, when it was asked for. */
  readonly name: string;
  readonly from: Owner;
  readonly to: Owner;
  readonly stage: OwnerStage;
  readonly by: string;
  /** What runs there is ended at once, not waited for. */
  readonly force: boolean;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** What still runs then is in the way: it is put back. */
  readonly deadlineAt: number;
  /** Since when it is in its stage. */
  readonly since: number;
  readonly endedAt?: number;
  /** What it waits for now: `job 4711`. */
  readonly waitsFor?: readonly string[];
  /** Why it was put back or is stuck, and what to do next. */
  readonly trouble?: string;
  readonly mend?: string;
}
