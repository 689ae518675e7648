import type { ClusterSettings, HandOffHalt, HandOffQueue, RunId, WaitingNode } from '../../domain/hand-off.ts';
import type { NodeId } from '../../domain/node.ts';

/** A wave that went well stands for the next ones so long: a day later the world may be another. */
const TRUST_MS = 24 * 3_600_000;
/** Between two attempts where obstacles stand against a run. */
const BLOCKED_MS = { first: 60_000, most: 1_800_000 };
/** Until a node that did not answer is asked again: firmware of a machine with eight GPUs takes its time. */
const SILENCE_MS = [120_000, 300_000, 900_000];
export const MAX_SILENCES = SILENCE_MS.length;
/** Runs that broke off under a node before somebody is told. */
export const MAX_INTERRUPTIONS = 2;

export type NextStep =
  | { readonly kind: 'nothing' }
  /** Look again then; milliseconds since 1970. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  | { readonly kind: 'start'; readonly nodes: readonly WaitingNode[] };

export function emptyQueue(cluster: string): HandOffQueue {
  return { cluster, waiting: [] };
}

/**
 * A node that waits already, or is in the run under way, stays as it is.
 * @param isAnew it was installed after that run had begun, which says nothing of its new system
 */
export function enqueued(queue: HandOffQueue, node: WaitingNode, isAnew = false): HandOffQueue {
  const known = [...queue.waiting, ...(isAnew ? [] : (queue.current?.nodes ?? []))];
  const isKnown = known.some(({ nodeId }) => nodeId === node.nodeId);
  if (isKnown) return queue;
  const grown = { ...queue, waiting: [...queue.waiting, node] };
  if (grown.blocked === undefined) return grown;
  // It may be the very node that was missing.
  const nextAt = Math.min(grown.blocked.nextAt, node.since + BLOCKED_MS.first);
  return { ...grown, blocked: { ...grown.blocked, nextAt } };
}

export function withoutNodes(queue: HandOffQueue, nodeIds: ReadonlySet<NodeId>): HandOffQueue {
  const waiting = queue.waiting.filter(({ nodeId }) => !nodeIds.has(nodeId));
  return waiting.length === queue.waiting.length ? queue : { ...queue, waiting };
}

/** Nodes that don't answer now hold up nobody else. */
export function silenced(queue: HandOffQueue, nodeIds: ReadonlySet<NodeId>, now: number): HandOffQueue {
  if (nodeIds.size === 0) return queue;
  const waiting = queue.waiting.map((node) => {
    if (!nodeIds.has(node.nodeId)) return node;
    const times = (node.silent?.times ?? 0) + 1;
    return { ...node, silent: { times, nextAt: now + (SILENCE_MS[times - 1] ?? 0) } };
  });
  return { ...queue, waiting };
}

/** A person takes a node as it is: whatever comes of the run under way changes nothing of that. */
export function accepted(queue: HandOffQueue, nodeId: NodeId): HandOffQueue {
  const { current, ...rest } = withoutNodes(queue, new Set([nodeId]));
  if (current === undefined) return rest;
  return { ...rest, current: { ...current, nodes: current.nodes.filter((each) => each.nodeId !== nodeId) } };
}

/**
 * What is to be done for a cluster now. The first node that waits opens the settling time, and whoever finishes within it
 * comes along; nodes that waited for the end of a run have settled already.
 * @param settingsHash of the cluster's settings: a wave that went well says nothing of others
 * @param isBusy a run of the cluster is under way, whoever began it
 */
export function nextStep(
  queue: HandOffQueue,
  cluster: Pick<ClusterSettings, 'settleMs' | 'waves'>,
  settingsHash: string,
  isBusy: boolean,
  now: number,
): NextStep {
  if (queue.halt !== undefined || queue.current !== undefined || isBusy) return { kind: 'nothing' };
  if (queue.waiting.length === 0) return { kind: 'nothing' };
  const due = queue.waiting.filter(({ silent }) => (silent?.nextAt ?? 0) <= now);
  const untilSpoken = Math.min(
    ...queue.waiting.filter((node) => !due.includes(node)).map(({ silent }) => silent?.nextAt ?? now),
  );
  if (due.length === 0) return { kind: 'wait', untilMs: untilSpoken };
  const oldest = Math.min(...due.map(({ since }) => since));
  const dueMs = Math.max(oldest + cluster.settleMs, queue.blocked?.nextAt ?? 0);
  // A wall clock that was set back lets nobody wait for years.
  const untilMs = oldest > now ? Math.max(now, queue.blocked?.nextAt ?? 0) : dueMs;
  if (untilMs > now) return { kind: 'wait', untilMs: Math.min(untilMs, Math.max(untilSpoken, now + 1)) };
  return { kind: 'start', nodes: due.slice(0, waveSize(queue, cluster, settingsHash, now)) };
}

function waveSize(
  queue: HandOffQueue,
  { waves }: Pick<ClusterSettings, 'waves'>,
  settingsHash: string,
  now: number,
): number {
  const { trusted } = queue;
  const isTrusted = trusted !== undefined && trusted.settings === settingsHash && now - trusted.at < TRUST_MS;
  return isTrusted || waves.canaryNodes === 0 ? waves.maxNodes : Math.min(waves.canaryNodes, waves.maxNodes);
}

export function begun(queue: HandOffQueue, run: RunId, nodes: readonly WaitingNode[]): HandOffQueue {
  const { blocked: before, ...rest } = withoutNodes(queue, new Set(nodes.map(({ nodeId }) => nodeId)));
  return { ...rest, current: { run, nodes, ...(before === undefined ? {} : { attempts: before.attempts }) } };
}

/** The run under way changed nothing: its nodes wait again, each time longer. */
export function neverBegan(queue: HandOffQueue, text: string, mend: string, now: number): HandOffQueue {
  const { current, ...rest } = queue;
  const again = (current?.nodes ?? []).filter(({ nodeId }) => !rest.waiting.some((each) => each.nodeId === nodeId));
  const waiting = [...again, ...rest.waiting];
  return blocked({ ...rest, waiting }, text, mend, now, current?.attempts);
}

/** @param before attempts that came to nothing */
export function blocked(
  queue: HandOffQueue,
  text: string,
  mend: string,
  now: number,
  before = queue.blocked?.attempts ?? 0,
): HandOffQueue {
  const attempts = before + 1;
  const delayMs = Math.min(BLOCKED_MS.most, BLOCKED_MS.first * 2 ** Math.min(attempts - 1, 10));
  return { ...queue, blocked: { text, mend, attempts, nextAt: now + delayMs } };
}

/**
 * What became of a node of a wave.
 * - `ready`   its runner succeeded and its acceptance passed
 * - `failed`  one of the two did not
 * - `unknown` the run broke off before it was through with it
 */
export type WaveFate = 'ready' | 'failed' | 'unknown';

export interface WaveEnd {
  readonly run: RunId;
  readonly fates: ReadonlyMap<NodeId, WaveFate>;
  /** A person stopped the run: the next one is for a person too. */
  readonly stoppedBy?: string;
}

export interface AfterWave {
  readonly queue: HandOffQueue;
  /** Of those `unknown`: whom somebody has to look at, since it happened too often. The others wait again. */
  readonly givenUp: readonly NodeId[];
}

/** Lets go of a wave that has ended: whether the next one may begin by itself, and who comes along in it. */
export function afterWave(
  queue: HandOffQueue,
  cluster: Pick<ClusterSettings, 'waves' | 'name'>,
  settingsHash: string,
  end: WaveEnd,
  now: number,
): AfterWave {
  const { current, ...rest } = queue;
  if (current === undefined) return { queue, givenUp: [] };
  const unknown = current.nodes.filter(({ nodeId }) => (end.fates.get(nodeId) ?? 'unknown') === 'unknown');
  const again = end.stoppedBy === undefined ? unknown.filter((node) => node.interruptions < MAX_INTERRUPTIONS) : [];
  const givenUp = unknown.filter((node) => !again.includes(node)).map(({ nodeId }) => nodeId);
  const failed = current.nodes.filter(({ nodeId }) => end.fates.get(nodeId) === 'failed').length + givenUp.length;
  const waiting = [...again.map((node) => ({ ...node, interruptions: node.interruptions + 1 })), ...rest.waiting];
  const halt = haltAfter(cluster, end, failed, current.nodes.length, now);
  const isWell = failed === 0 && unknown.length === 0 && current.nodes.length > 0;
  return {
    queue: {
      ...rest,
      waiting,
      ...(isWell ? { trusted: { settings: settingsHash, at: now } } : {}),
      ...(halt === undefined ? {} : { halt }),
    },
    givenUp,
  };
}

function haltAfter(
  { waves, name }: Pick<ClusterSettings, 'waves' | 'name'>,
  end: WaveEnd,
  failed: number,
  size: number,
  at: number,
): HandOffHalt | undefined {
  const mend = `Look at podboot runs show ${end.run}; then podboot hand-off resume ${name}`;
  if (end.stoppedBy !== undefined)
    return { text: `${end.stoppedBy} stopped the run ${end.run}`, mend, at, run: end.run };
  if (failed === 0 || failed / size <= waves.maxFailedShare) return undefined;
  const allowed = `${Math.round(waves.maxFailedShare * 100)} %`;
  return {
    text: `${failed} of ${size} nodes failed in the wave ${end.run}, more than ${allowed}`,
    mend,
    at,
    run: end.run,
  };
}

/** A person lets it go on: the next run is a canary again, where there are canaries. */
export function resumed(queue: HandOffQueue): HandOffQueue {
  const { halt: _halt, blocked: _blocked, trusted: _trusted, ...rest } = queue;
  return rest;
}
