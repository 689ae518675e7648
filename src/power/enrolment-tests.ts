import { isDeepStrictEqual } from 'node:util';
import type { BootEvent } from '../domain/events.ts';
import type { Node, NodeBmc, NodeId } from '../domain/node.ts';
import type { EventSink, NodeDirectory } from '../domain/ports.ts';
import type { BmcFinding } from '../domain/power.ts';

export interface EnrolmentTestsOptions {
  readonly nodes: NodeDirectory;
  readonly events: EventSink;
  readonly test: (node: Node) => Promise<readonly BmcFinding[]>;
}

/** A list of thousands may be enrolled at once; who waits for a BMC goes first all the same. */
const AT_ONCE = 8;
const CHANGES: ReadonlySet<string> = new Set(['node.enrolled', 'node.changed', 'node.replaced']);

/** Each BMC that is enrolled is tested once, by itself: what is wrong with it is told on the day that it was named. */
export class EnrolmentTests {
  readonly #options: EnrolmentTestsOptions;
  readonly #known = new Map<NodeId, NodeBmc | undefined>();
  readonly #waiting = new Set<NodeId>();
  #active = 0;
  #isStopped = false;

  constructor(options: EnrolmentTestsOptions) {
    this.#options = options;
  }

  /** Those that are there were tested when they came. */
  start(): void {
    for (const { id, bmc } of this.#options.nodes.all()) this.#known.set(id, bmc);
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting.clear();
  }

  emit({ type, subject: { nodeId } }: BootEvent): void {
    if (nodeId === undefined || this.#isStopped) return;
    if (type === 'node.removed') {
      this.#known.delete(nodeId);
      this.#waiting.delete(nodeId);
    } else if (CHANGES.has(type)) {
      const bmc = this.#options.nodes.byId(nodeId)?.bmc;
      if (isDeepStrictEqual(bmc, this.#known.get(nodeId))) return;
      this.#known.set(nodeId, bmc);
      if (bmc === undefined || bmc.driver === 'none') return;
      this.#waiting.add(nodeId);
      this.#pump();
    }
  }

  #pump(): void {
    for (const nodeId of this.#waiting) {
      if (this.#active >= AT_ONCE) return;
      this.#waiting.delete(nodeId);
      const node = this.#options.nodes.byId(nodeId);
      if (node === undefined) continue;
      this.#active += 1;
      this.#test(node).finally(() => {
        this.#active -= 1;
        this.#pump();
      });
    }
  }

  async #test(node: Node): Promise<void> {
    try {
      for (const finding of await this.#options.test(node)) this.#tell(node, finding);
    } catch (error) {
      const text = `its BMC could not be tested: ${error instanceof Error ? error.message : String(error)}`;
      this.#tell(node, { code: 'fault', isTrouble: true, text, mend: `podboot bmc test ${node.name}` });
    }
  }

  #tell({ id, name }: Node, { code, isTrouble, text, mend }: BmcFinding): void {
    if (this.#isStopped) return;
    this.#options.events.emit({
      type: 'bmc.finding',
      level: isTrouble ? 'warn' : 'info',
      subject: { nodeId: id, nodeName: name },
      text: `${name}: ${text}`,
      ...(mend === undefined ? {} : { mend }),
      data: { finding: code },
    });
  }
}
