import type { Node } from '../domain/node.ts';
import type { NodeFault } from '../domain/node-life.ts';
import type { Clock } from '../domain/ports.ts';
import type { LifeCore } from './life-core.ts';
import type { LifeEventKind } from './life-events.ts';

/** What runners tell the lives of nodes; on disk when each resolves. What comes late or twice changes nothing. */
export class HandOffLives {
  readonly #core: LifeCore;
  readonly #clock: Clock;

  constructor({ core, clock }: { readonly core: LifeCore; readonly clock: Clock }) {
    this.#core = core;
    this.#clock = clock;
  }

  started(node: Node): Promise<void> {
    return this.#happen(node, 'hand-off-started');
  }

  done(node: Node): Promise<void> {
    return this.#happen(node, 'hand-off-done');
  }

  failed(node: Node, fault: Omit<NodeFault, 'at'>): Promise<void> {
    return this.#happen(node, 'hand-off-failed', fault);
  }

  async #happen(node: Node, kind: LifeEventKind, fault?: Omit<NodeFault, 'at'>): Promise<void> {
    const at = this.#clock.now();
    await this.#core.writer.write((draft, tell) => {
      this.#core.happen(draft, tell, node, { kind, at, ...(fault === undefined ? {} : { fault }) });
    });
  }
}
