import type { EventSubject } from '../../domain/events.ts';
import type { CheckResult, HostOutcome, RunId } from '../../domain/hand-off.ts';
import type { Node } from '../../domain/node.ts';
import type { NodeFault } from '../../domain/node-life.ts';
import { isSuccess, someOf } from '../run-words.ts';

export function subjectOf({ id, name }: Pick<Node, 'id' | 'name'>): EventSubject {
  return { nodeId: id, nodeName: name };
}

/** What stands beside the node's state; undefined where its runner succeeded and its acceptance passed. */
export function faultOf(
  name: string,
  run: RunId,
  outcome: HostOutcome,
  checks: readonly CheckResult[],
): Omit<NodeFault, 'at'> | undefined {
  const mend = `podboot runs log ${run}; once it is mended: podboot hand-off retry ${name}`;
  if (!isSuccess(outcome)) {
    const where = outcome.failedTask === undefined ? '' : ` at “${outcome.failedTask}”`;
    const why = outcome.message === undefined ? '' : `: ${outcome.message}`;
    switch (outcome.result) {
      case 'unreachable':
        return { code: 'hand-off-unreachable', text: `the runner could not reach ${name}${where}${why}`, mend };
      case 'failed':
        return { code: 'hand-off-failed', text: `the runner failed on ${name}${where}${why}`, mend };
      default:
        return {
          code: 'hand-off-interrupted',
          text: `the run ${run} broke off before it was through with ${name}${why}`,
          mend,
        };
    }
  }
  const bad = checks.filter(({ ok }) => !ok);
  const [first] = bad;
  if (first === undefined) return undefined;
  const others = bad.length === 1 ? '' : ` (and ${someOf(bad.slice(1).map(({ check }) => check))})`;
  return {
    code: 'acceptance-failed',
    text: `${name} did not pass its acceptance: ${first.check} should be ${first.expected}, is ${first.found}${others}`,
    mend: `${first.mend === undefined ? '' : `${first.mend} `}Then podboot hand-off retry ${name}, or take it as it is: podboot hand-off accept ${name}`,
  };
}
