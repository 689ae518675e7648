import type { KubernetesNode, KubernetesPod } from '../../domain/schedulers.ts';
import { printable } from './refusal.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Of a list, also what its update and its deployment ask of a node. */
export interface ListedNode extends KubernetesNode {
  /** `v1.29.3`. */
  readonly kubeletVersion?: string;
  readonly isControlPlane: boolean;
  /** Milliseconds since 1970, when it joined. */
  readonly joinedAt?: number;
}

const MAX_WORDS = 200;
/** `master` until 1.24. */
const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** Undefined for what is no node. */
export function readNode(value: unknown): ListedNode | undefined {
  const name = textAt(objectAt(value, 'metadata'), 'name');
  if (name === undefined) return undefined;
  const status = objectAt(value, 'status');
  const ready = objectsAt(status, 'conditions').find((condition) => textAt(condition, 'type') === 'Ready');
  const isReady = textAt(ready, 'status') === 'True';
  const because = isReady ? undefined : notReadyWords(ready);
  const labels = textsAt(objectAt(value, 'metadata'), 'labels');
  const kubeletVersion = textAt(objectAt(status, 'nodeInfo'), 'kubeletVersion');
  const joinedAt = Date.parse(textAt(objectAt(value, 'metadata'), 'creationTimestamp') ?? '');
  return {
    name,
    isReady,
    ...(because === undefined ? {} : { notReadyBecause: because }),
    isSchedulable: objectAt(value, 'spec')?.unschedulable !== true,
    labels,
    allocatable: textsAt(status, 'allocatable'),
    isControlPlane: CONTROL_PLANE.some((label) => label in labels),
    ...(kubeletVersion === undefined ? {} : { kubeletVersion }),
    ...(Number.isNaN(joinedAt) ? {} : { joinedAt }),
  };
}

/** `Unknown`: its kubelet has not been heard of for 40 s. */
function notReadyWords(ready: JsonObject | undefined): string {
  if (ready === undefined) return 'its kubelet has not said anything yet';
  const words = [textAt(ready, 'reason'), textAt(ready, 'message')].filter((part) => part !== undefined && part !== '');
  return printable(words.join(': '), MAX_WORDS) || 'it does not say why';
}

const MIRROR = 'kubernetes.io/config.mirror';

/** As `kubectl drain --ignore-daemonsets` has it: who would come back at once, or is over already, is left. */
export function hasToLeave(pod: unknown): boolean {
  const metadata = objectAt(pod, 'metadata');
  if (MIRROR in textsAt(metadata, 'annotations')) return false;
  const phase = textAt(objectAt(pod, 'status'), 'phase');
  if (phase === 'Succeeded' || phase === 'Failed') return false;
  return !objectsAt(metadata, 'ownerReferences').some(
    (owner) => owner.controller === true && textAt(owner, 'kind') === 'DaemonSet',
  );
}

export function readPodName(pod: unknown): KubernetesPod | undefined {
  const metadata = objectAt(pod, 'metadata');
  const name = textAt(metadata, 'name');
  const namespace = textAt(metadata, 'namespace');
  return name === undefined || namespace === undefined ? undefined : { namespace, name };
}

const PHASES = ['pending', 'running', 'succeeded', 'failed'] as const;
export interface PodState {
  readonly phase: (typeof PHASES)[number] | 'unknown';
  readonly because?: string;
}

export function readPodState(pod: unknown): PodState {
  const status = objectAt(pod, 'status');
  const phase = PHASES.find((each) => each === textAt(status, 'phase')?.toLowerCase()) ?? 'unknown';
  if (phase === 'running' || phase === 'succeeded') return { phase };
  const because = podWords(status);
  return because === undefined ? { phase } : { phase, because };
}

/** Why it waits or failed: its container's word, else the scheduler's (`0/4 nodes: Insufficient nvidia.com/gpu`). */
function podWords(status: JsonObject | undefined): string | undefined {
  const state = objectAt(objectsAt(status, 'containerStatuses')[0], 'state');
  const waiting = objectAt(state, 'waiting');
  const ended = objectAt(state, 'terminated');
  const condition = objectsAt(status, 'conditions').find(
    (each) => textAt(each, 'status') === 'False' && textAt(each, 'message') !== undefined,
  );
  const exitCode = ended?.exitCode;
  const words = [
    textAt(waiting, 'reason') ?? textAt(ended, 'reason') ?? textAt(status, 'reason') ?? textAt(condition, 'reason'),
    typeof exitCode === 'number' ? `exit code ${exitCode}` : undefined,
    textAt(waiting, 'message') ?? textAt(ended, 'message') ?? textAt(status, 'message') ?? textAt(condition, 'message'),
  ].filter((part) => part !== undefined && part !== '');
  return words.length === 0 ? undefined : printable(words.join(': '), MAX_WORDS);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(value: unknown, key: string): JsonObject | undefined {
  const found = isObject(value) ? value[key] : undefined;
  return isObject(found) ? found : undefined;
}

export function objectsAt(value: unknown, key: string): readonly JsonObject[] {
  const found = isObject(value) ? value[key] : undefined;
  return Array.isArray(found) ? found.filter(isObject) : [];
}

export function textAt(value: unknown, key: string): string | undefined {
  const found = isObject(value) ? value[key] : undefined;
  return typeof found === 'string' ? found : undefined;
}

function textsAt(value: unknown, key: string): Readonly<Record<string, string>> {
  const found = objectAt(value, key) ?? {};
  return Object.fromEntries(
    Object.entries(found).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
