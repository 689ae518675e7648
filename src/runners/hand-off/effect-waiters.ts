import type { EffectOutcome } from '../../domain/install-ports.ts';
import type { NodeId } from '../../domain/node.ts';

/** Effects of lives whose run has not begun. */
export class EffectWaiters {
  readonly #waiting = new Map<NodeId, ((outcome: EffectOutcome | undefined) => void)[]>();

  wait(nodeId: NodeId): Promise<EffectOutcome | undefined> {
    return new Promise((resolve) => this.#waiting.set(nodeId, [...(this.#waiting.get(nodeId) ?? []), resolve]));
  }

  /** Whether one waited. @param outcome undefined: nobody will take the node over */
  release(nodeId: NodeId, outcome: EffectOutcome | undefined): boolean {
    const waiting = this.#waiting.get(nodeId) ?? [];
    this.#waiting.delete(nodeId);
    for (const resolve of waiting) resolve(outcome);
    return waiting.length > 0;
  }
}
