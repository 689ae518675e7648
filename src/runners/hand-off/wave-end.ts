import type { CheckResult, HandOffResult, RunHost, RunStatus, WaitingNode } from '../../domain/hand-off.ts';
import type { Node, NodeId } from '../../domain/node.ts';
import type { NodeFault } from '../../domain/node-life.ts';
import { isSuccess } from '../run-words.ts';
import { faultOf } from './hand-off-words.ts';
import type { WaveFate } from './policy.ts';

/** One node at the end of a run. */
export interface NodeEnd {
  readonly node: Node;
  readonly fate: WaveFate;
  readonly result: HandOffResult;
  readonly fault?: Omit<NodeFault, 'at'>;
}

/** Those whose acceptance is to be looked at. */
export function runnersSuccesses(run: RunStatus, hosts: readonly RunHost[]): readonly RunHost[] {
  return hosts.filter(({ name }) => {
    const outcome = run.hosts[name];
    return outcome !== undefined && isSuccess(outcome);
  });
}

/** What became of the nodes of a run. Pure. */
export function nodeEnds(
  run: RunStatus,
  wave: readonly WaitingNode[],
  nodeOf: (id: NodeId) => Node | undefined,
  checks: ReadonlyMap<string, readonly CheckResult[]>,
  at: number,
): readonly NodeEnd[] {
  return wave.flatMap(({ nodeId }): NodeEnd[] => {
    const node = nodeOf(nodeId);
    if (node === undefined) return [];
    const outcome = run.hosts[node.name] ?? { result: 'unknown' };
    const found = checks.get(node.name) ?? [];
    const fault = faultOf(node.name, run.id, outcome, found);
    const result = { nodeId, cluster: run.cluster, run: run.id, outcome, checks: found, at };
    if (fault === undefined) return [{ node, fate: 'ready', result }];
    const isFailed = isSuccess(outcome) || outcome.result === 'failed' || outcome.result === 'unreachable';
    return [{ node, fate: isFailed ? 'failed' : 'unknown', result, fault }];
  });
}
