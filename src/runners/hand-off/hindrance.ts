import type { Obstacle, WaitingNode } from '../../domain/hand-off.ts';
import type { Node, NodeId } from '../../domain/node.ts';
import type { NodeFault } from '../../domain/node-life.ts';
import { MAX_SILENCES } from './policy.ts';

/** A machine that starts once more after its installation is back in some minutes. */
const PASSING: ReadonlySet<string> = new Set(['ssh-no-answer', 'ssh-refused', 'ssh-late', 'ssh-broken']);

/** What obstacles mean for the wave that they stand against. */
export interface Hindrance {
  /** Nodes that can't be handed over as they are. */
  readonly faults: readonly { readonly node: Node; readonly fault: Omit<NodeFault, 'at'> }[];
  /** Nodes that don't answer now. */
  readonly silent: ReadonlySet<NodeId>;
  /** The first that is about no node of the wave: of the cluster, or of its control plane. */
  readonly general?: Obstacle;
}

/** Pure. */
export function judgeHindrance(
  wave: readonly WaitingNode[],
  obstacles: readonly Obstacle[],
  nodeOf: (id: NodeId) => Node | undefined,
): Hindrance {
  const faults: { node: Node; fault: Omit<NodeFault, 'at'> }[] = [];
  const silent = new Set<NodeId>();
  const names = new Set<string | undefined>();
  for (const each of wave) {
    const node = nodeOf(each.nodeId);
    names.add(node?.name);
    const own = obstacles.filter(({ host }) => host !== undefined && host === node?.name);
    const first = own.find(({ code }) => !PASSING.has(code)) ?? own[0];
    if (node === undefined || first === undefined) continue;
    // A person who asked for it waits for the answer.
    const mayPass = PASSING.has(first.code) && each.by === undefined && (each.silent?.times ?? 0) < MAX_SILENCES;
    if (mayPass) silent.add(node.id);
    else
      faults.push({
        node,
        fault: {
          code: `hand-off-${first.code}`,
          text: first.message,
          mend: `${first.mend} Then podboot hand-off retry ${node.name}`,
        },
      });
  }
  const general = obstacles.find(({ host }) => host === undefined || !names.has(host));
  return { faults, silent, ...(general === undefined ? {} : { general }) };
}
