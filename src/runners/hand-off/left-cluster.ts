import type { RunStatus } from '../../domain/hand-off.ts';
import type { EventSink, NodeDirectory } from '../../domain/ports.ts';
import type { QueueBook } from './queue-book.ts';

/**
 * A run that takes nodes out of their cluster has ended: what it had said of those it took out holds no more. They keep their
 * state, as their system is there and nobody uses it.
 */
export async function leaveCluster(
  run: RunStatus,
  { book, nodes, events }: { readonly book: QueueBook; readonly nodes: NodeDirectory; readonly events: EventSink },
): Promise<void> {
  for (const [host, { result }] of Object.entries(run.hosts)) {
    const node = nodes.byName(host);
    if (node === undefined || (result !== 'changed' && result !== 'unchanged')) continue;
    // Told again after a restart: it was written down the first time.
    if (book.result(node.id)?.cluster !== run.cluster) continue;
    await book.forget(node.id);
    events.emit({
      type: 'hand-off.left',
      level: 'info',
      subject: { nodeId: node.id, nodeName: node.name },
      text: `${node.name} has left ${run.cluster} by ${run.id}`,
      mend: `While it has a role of ${run.cluster}, a run for everybody takes it in again: podboot nodes set ${node.name} --role …`,
      data: { run: run.id, cluster: run.cluster },
    });
  }
}
