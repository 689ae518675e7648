import type { NodeId } from '../domain/node.ts';

/** One job at a time works on a node; the others wait in the order in which they came. */
export class NodeLocks {
  readonly #tails = new Map<NodeId, Promise<void>>();
  readonly #counts = new Map<NodeId, number>();

  /** @returns what gives it back; calling it again does nothing */
  async take(nodeId: NodeId): Promise<() => void> {
    const before = this.#tails.get(nodeId) ?? Promise.resolve();
    let free: () => void = () => {};
    const mine = new Promise<void>((resolve) => {
      free = resolve;
    });
    this.#tails.set(
      nodeId,
      before.then(() => mine),
    );
    const turn = (this.#counts.get(nodeId) ?? 0) + 1;
    this.#counts.set(nodeId, turn);
    await before;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      free();
      if (this.#counts.get(nodeId) !== turn) return;
      this.#tails.delete(nodeId);
      this.#counts.delete(nodeId);
    };
  }
}
