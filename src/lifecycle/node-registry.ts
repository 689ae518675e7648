import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { NotFound, type Problem } from '../domain/errors.ts';
import type { Accompaniment } from '../domain/former-hardware.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { Node, NodeId, NodePort, SwitchPort } from '../domain/node.ts';
import type { Clock, EventSink, StoreChange } from '../domain/ports.ts';
import { ChangeQueue } from './change-queue.ts';
import { NodeIndex } from './node-index.ts';
import { type NodeIdentity, type NodeInput, type NodePatch, readNode, readPatch } from './node-input.ts';
import { judge } from './node-judge.ts';
import { type Replacement, readReplacement } from './node-replacement.ts';
import { changedFields, interfaceInWords, subjectOf } from './node-words.ts';
import {
  type AppliedNode,
  type NodeChange,
  type NodeCompanion,
  type NodePlanner,
  type NodeRegistry,
  type PlannedNode,
  VersionMismatch,
} from './registry-port.ts';

export interface NodeRegistryOptions {
  /** As the store has them. */
  readonly nodes: Iterable<Node>;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  /** What the configuration has against a node: address outside every subnet, no such group or profile, a wrong option. */
  readonly checkNode?: (node: Node) => readonly Problem[];
  /** What changes together with a node: its boot grants, the leases of its hardware. */
  readonly companions?: readonly NodeCompanion[];
}

export function createNodeRegistry(options: NodeRegistryOptions): NodeRegistry {
  return new Registry(options);
}

/** How a change is told, and whether hardware was replaced by it. */
interface Telling {
  readonly replacement?: Replacement;
}

class Registry implements NodeRegistry {
  readonly #options: NodeRegistryOptions;
  readonly #index = new NodeIndex();
  readonly #queue = new ChangeQueue();

  constructor(options: NodeRegistryOptions) {
    this.#options = options;
    for (const node of options.nodes) this.#index.put(node);
  }

  get size(): number {
    return this.#index.size;
  }

  get revision(): number {
    return this.#index.revision;
  }

  get awaited(): ReadonlySet<NodeId> {
    return this.#index.awaited;
  }

  bySerialNumber(serialNumber: string): Node | undefined {
    return this.#index.bySerialNumber(serialNumber);
  }

  byId(id: NodeId): Node | undefined {
    return this.#index.byId(id);
  }

  byName(name: string): Node | undefined {
    return this.#index.byName(name);
  }

  byMac(mac: MacAddress): NodePort | undefined {
    return this.#index.byMac(mac);
  }

  byClientId(clientIdHex: string): NodePort | undefined {
    return this.#index.byClientId(clientIdHex);
  }

  byUuid(uuid: string): NodePort | undefined {
    return this.#index.byUuid(uuid);
  }

  bySwitchPort(port: SwitchPort): NodePort | undefined {
    return this.#index.bySwitchPort(port);
  }

  byAddress(address: Ipv4): NodePort | undefined {
    return this.#index.byAddress(address);
  }

  all(): Iterable<Node> {
    return this.#index.all();
  }

  sortedNames(): readonly string[] {
    return this.#index.sortedNames();
  }

  async enrol(input: NodeInput): Promise<Node> {
    const [applied] = await this.apply((_, identity) => ({ nodes: [{ reading: readNode(input, identity()) }] }));
    return (applied as AppliedNode).node;
  }

  async enrolMany(inputs: readonly NodeInput[]): Promise<readonly Node[]> {
    const applied = await this.apply((_, identity) => ({
      nodes: inputs.map((input, index) => ({
        reading: readNode(input, identity()),
        place: (problem) => ({ ...problem, path: `[${index}].${problem.path}` }),
      })),
    }));
    return applied.map(({ node }) => node);
  }

  apply(planner: NodePlanner, options: { readonly dryRun?: boolean } = {}): Promise<readonly AppliedNode[]> {
    return this.#queue.take(() => this.#apply(planner, options.dryRun === true, {}));
  }

  async change(id: NodeId, patch: NodePatch, expectedVersion?: number): Promise<Node> {
    const [applied] = await this.apply(() => {
      const before = this.#expect(id, expectedVersion);
      return { nodes: [{ before, reading: readPatch(before, patch) }] };
    });
    return (applied as AppliedNode).node;
  }

  async replace(id: NodeId, replacement: Replacement, expectedVersion?: number): Promise<AppliedNode> {
    const planner: NodePlanner = () => {
      const before = this.#expect(id, expectedVersion);
      return { nodes: [{ before, reading: readReplacement(before, replacement) }] };
    };
    const [applied] = await this.#queue.take(() => this.#apply(planner, false, { replacement }));
    return applied as AppliedNode;
  }

  remove(id: NodeId, expectedVersion?: number): Promise<Node> {
    return this.#queue.take(async () => {
      const node = this.#expect(id, expectedVersion);
      const companions = this.#accompany({ before: node, replaced: false, why: `${node.name} was removed` });
      await this.#options.commit([{ remove: 'node', id }, ...companions.flatMap(({ changes }) => changes)]);
      this.#index.remove(id);
      for (const { committed } of companions) committed?.();
      this.#tell('node.removed', node, 'removed');
      return node;
    });
  }

  async #apply(planner: NodePlanner, dryRun: boolean, telling: Telling): Promise<readonly AppliedNode[]> {
    const now = this.#options.clock.now();
    const newIdentity = (): NodeIdentity => ({ id: randomUUID(), version: 1, createdAt: now, updatedAt: now });
    const plan = planner(this.#index, newIdentity);
    judge(plan, this.#index, this.#options.checkNode ?? (() => []));
    const applied = plan.nodes.map((planned) => asApplied(planned, now));
    if (!dryRun) await this.#make(plan.nodes, applied, telling);
    return applied;
  }

  /** Puts what is judged on the disk, then into memory, then tells it. */
  async #make(planned: readonly PlannedNode[], applied: readonly AppliedNode[], telling: Telling): Promise<void> {
    const changed = applied.filter(({ action }) => action !== 'unchanged');
    const companions = applied.flatMap(({ action, node, changes }, index) => {
      if (action === 'unchanged' && telling.replacement === undefined) return [];
      const before = planned[index]?.before;
      return this.#accompany({
        ...(before === undefined ? {} : { before }),
        after: node,
        replaced: telling.replacement !== undefined,
        why: whyOf(changes, telling),
      });
    });
    const batch: StoreChange[] = changed.map(({ node }) => ({ put: 'node', node }));
    for (const { changes } of companions) batch.push(...changes);
    if (batch.length > 0) await this.#options.commit(batch);
    for (const { node } of changed) this.#index.put(node);
    for (const { committed } of companions) committed?.();
    for (const { action, node, changes } of telling.replacement === undefined ? changed : applied) {
      if (telling.replacement !== undefined) this.#tell('node.replaced', node, whyOf(changes, telling));
      else if (action === 'updated') this.#tell('node.changed', node, `changed: ${changes.join(', ')}`);
      else this.#tell('node.enrolled', node, `enrolled with ${node.interfaces.map(interfaceInWords).join(', ')}`);
    }
  }

  #accompany(change: NodeChange): Accompaniment[] {
    return (this.#options.companions ?? []).flatMap((companion) => companion(change) ?? []);
  }

  #expect(id: NodeId, expectedVersion: number | undefined): Node {
    const node = this.#index.byId(id);
    if (node === undefined) throw new NotFound('There is no such node.', 'podboot nodes lists those that there are.');
    if (expectedVersion !== undefined && expectedVersion !== node.version) {
      throw new VersionMismatch(
        `${node.name} was changed meanwhile: its version is ${node.version}, not ${expectedVersion}.`,
        [],
        'Read the node again and repeat the change if it still makes sense.',
      );
    }
    return node;
  }

  #tell(type: string, node: Node, text: string): void {
    this.#options.events.emit({ type, level: 'info', subject: subjectOf(node), text });
  }
}

function asApplied({ before, reading, where }: PlannedNode, now: number): AppliedNode {
  const at = where === undefined ? {} : { where };
  if (before === undefined) return { action: 'created', node: reading.node, changes: [], ...at };
  if (isDeepStrictEqual(reading.node, before)) return { action: 'unchanged', node: before, changes: [], ...at };
  const node = { ...reading.node, version: before.version + 1, updatedAt: now };
  return { action: 'updated', node, changes: changedFields(before, node), ...at };
}

function whyOf(changes: readonly string[], { replacement }: Telling): string {
  const what = changes.join(', ');
  if (replacement === undefined) return what;
  const reason = replacement.reason === undefined ? '' : ` (${replacement.reason})`;
  return `${replacement.part} replaced${reason}${what === '' ? '' : `: ${what}`}`;
}
