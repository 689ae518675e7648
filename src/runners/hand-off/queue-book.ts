import { createHash } from 'node:crypto';
import type { ClusterSettings, HandOffQueue, HandOffResult } from '../../domain/hand-off.ts';
import type { NodeId } from '../../domain/node.ts';
import type { StoreChange } from '../../domain/ports.ts';
import { Turns } from '../../domain/turns.ts';
import { emptyQueue } from './policy.ts';

/** Queues and results in memory and in the store: on disk first, one change after another. */
export class QueueBook {
  readonly #turns = new Turns();
  readonly #queues: Map<string, HandOffQueue>;
  readonly #results: Map<NodeId, HandOffResult>;
  readonly #commit: (batch: readonly StoreChange[]) => Promise<void>;

  constructor(
    queues: readonly HandOffQueue[],
    results: readonly HandOffResult[],
    commit: (batch: readonly StoreChange[]) => Promise<void>,
  ) {
    this.#queues = new Map(queues.map((queue) => [queue.cluster, queue]));
    this.#results = new Map(results.map((result) => [result.nodeId, result]));
    this.#commit = commit;
  }

  queue(cluster: string): HandOffQueue {
    return this.#queues.get(cluster) ?? emptyQueue(cluster);
  }

  queues(): readonly HandOffQueue[] {
    return [...this.#queues.values()];
  }

  result(nodeId: NodeId): HandOffResult | undefined {
    return this.#results.get(nodeId);
  }

  results(): readonly HandOffResult[] {
    return [...this.#results.values()];
  }

  /**
   * A queue as it is by then, changed: nobody waits for more than the disk.
   * @returns as it is now
   */
  update(
    cluster: string,
    change: (queue: HandOffQueue) => HandOffQueue,
    results: readonly HandOffResult[] = [],
  ): Promise<HandOffQueue> {
    return this.#turns.take(async () => {
      const queue = change(this.queue(cluster));
      await this.#put(queue, results);
      return queue;
    });
  }

  async #put(queue: HandOffQueue, results: readonly HandOffResult[]): Promise<void> {
    const isSame = queue === this.#queues.get(queue.cluster);
    if (isSame && results.length === 0) return;
    await this.#commit([
      { put: 'document', kind: 'hand-off-queue', id: queue.cluster, document: queue },
      ...results.map(
        (result): StoreChange => ({ put: 'document', kind: 'hand-off', id: result.nodeId, document: result }),
      ),
    ]);
    this.#queues.set(queue.cluster, queue);
    for (const result of results) this.#results.set(result.nodeId, result);
  }

  /** Of a cluster that is no more. */
  drop(cluster: string): Promise<void> {
    return this.#turns.take(async () => {
      if (!this.#queues.has(cluster)) return;
      await this.#commit([{ remove: 'document', kind: 'hand-off-queue', id: cluster }]);
      this.#queues.delete(cluster);
    });
  }

  /** Of a node that is no more. */
  async forget(nodeId: NodeId): Promise<void> {
    if (!this.#results.has(nodeId)) return;
    await this.#commit([{ remove: 'document', kind: 'hand-off', id: nodeId }]);
    this.#results.delete(nodeId);
  }
}

/** Of what a wave that went well has shown to be right. */
export function settingsHash({ runner, options, ssh, roles }: ClusterSettings): string {
  return createHash('sha256').update(JSON.stringify({ runner, options, ssh, roles })).digest('hex').slice(0, 16);
}
