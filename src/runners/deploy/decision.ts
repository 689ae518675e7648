import type { Deployment, DeploymentState, NodeChoice } from '../../domain/deployment.ts';
import type { RunId, RunRequest, RunStatus } from '../../domain/hand-off.ts';
import type { NodeState } from '../../domain/node-life.ts';
import type { Owner } from '../../domain/schedulers.ts';
import type { ServiceView } from '../../domain/services.ts';

export interface SeenNode {
  readonly name: string;
  readonly state: NodeState;
  /** What is wrong with it, in a sentence. */
  readonly fault?: string;
}

export interface SeenOwner {
  readonly owner: Owner;
  /** A change is under way, and what it waits for. */
  readonly underWay?: string;
  /** The last change was put back, or is stuck. */
  readonly trouble?: string;
}

/** What a decision goes by: everything from memory, or gathered before. */
export interface DeployWorld {
  readonly now: number;
  nodes(choice: NodeChoice): readonly SeenNode[];
  run(id: RunId): RunStatus | undefined;
  /** The newest run that was begun in this name. */
  runBy(by: string): RunStatus | undefined;
  /** The run that keeps a cluster busy. */
  busyWith(cluster: string): RunId | undefined;
  /** With its pages asked; undefined: nobody has looked yet, or there is none. */
  service(cluster: string, name: string): ServiceView | undefined;
  /** Undefined: nobody knows. */
  owner(node: string): SeenOwner | undefined;
}

/** What is to be done next; each may be done twice without harm. */
export type Decision =
  | { readonly kind: 'begin'; readonly step: string }
  | { readonly kind: 'say'; readonly step: string; readonly text: string; readonly mend?: string }
  | {
      readonly kind: 'settle';
      readonly step: string;
      readonly state: 'done' | 'failed';
      readonly text: string;
      readonly mend?: string;
    }
  /** A run that was begun before, in a moment that was not put down. */
  | { readonly kind: 'found-run'; readonly step: string; readonly key: string; readonly run: RunId }
  | { readonly kind: 'start-run'; readonly step: string; readonly key: string; readonly request: RunRequest }
  | { readonly kind: 'install'; readonly step: string; readonly nodes: readonly string[]; readonly profile?: string }
  | { readonly kind: 'give'; readonly step: string; readonly nodes: readonly string[]; readonly owner: Owner }
  | { readonly kind: 'check'; readonly step: string; readonly request: RunRequest }
  | {
      readonly kind: 'verify';
      readonly step: string;
      readonly cluster: string;
      readonly nodes: readonly string[];
      readonly services: readonly string[];
    }
  | { readonly kind: 'end'; readonly state: Extract<DeploymentState, 'done' | 'failed'> };

/** In whose name a step's runs are begun: by it they are found again after a restart. */
export function runName({ plan }: Deployment, step: string, attempt: number): string {
  return `deploy ${plan.name}: ${step}, attempt ${attempt}`;
}
