import type { RunStatus } from '../../domain/hand-off.ts';
import type { NodeId } from '../../domain/node.ts';
import type { NodeState } from '../../domain/node-life.ts';
import type { HandOffLife } from './ports.ts';

/** On its way to another system. */
const AWAY: ReadonlySet<NodeState> = new Set(['powering', 'booting', 'installing', 'retired']);

type Life = Pick<HandOffLife, 'state' | 'since'>;
type Begun = Pick<RunStatus, 'startedAt'> | undefined;

/** Whether a node's system was installed after that run had begun: the run may not even have met it. */
export function isNewSince(life: Life, nodeId: NodeId, run: Begun): boolean {
  if (run === undefined || life.state(nodeId) !== 'installed') return false;
  return (life.since(nodeId) ?? 0) > run.startedAt;
}

/** What came of the run is not about the system that the node has or gets. */
export function wentAnotherWay(life: Life, nodeId: NodeId, run: Begun): boolean {
  const state = life.state(nodeId);
  return (state !== undefined && AWAY.has(state)) || isNewSince(life, nodeId, run);
}
