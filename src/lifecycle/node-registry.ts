import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Conflict, HostRefused, InvalidInput, NotFound, type Problem } from '../domain/errors.ts';
import type { EventSubject } from '../domain/events.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import { clientIdKey, macKey } from '../domain/lease.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { Node, NodeId, NodeInterface, NodePort, SwitchPort } from '../domain/node.ts';
import type { Clock, EventSink, StoreChange } from '../domain/ports.ts';
import { type Claim, claimProblem, claimsOf } from './node-claims.ts';
import { NodeIndex } from './node-index.ts';
import { type NodeInput, type NodePatch, type NodeReading, readNode, readPatch, shown } from './node-input.ts';
import { nodeProblems } from './node-rules.ts';
import { type NodeRegistry, VersionMismatch } from './registry-port.ts';

export interface NodeRegistryOptions {
  /** As the store has them. */
  readonly nodes: Iterable<Node>;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  /** What the configuration has against a node: address outside every subnet, no such group or profile, a wrong option. */
  readonly checkNode?: (node: Node) => readonly Problem[];
}

/** Changes that may wait for the disk. */
const MAX_WAITING = 1_000;
/** Problems that are told at once: a wrong file of 4,000 lines has as many. */
const MAX_PROBLEMS = 1_000;

export function createNodeRegistry(options: NodeRegistryOptions): NodeRegistry {
  return new Registry(options);
}

class Registry implements NodeRegistry {
  readonly #options: NodeRegistryOptions;
  readonly #index = new NodeIndex();
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(options: NodeRegistryOptions) {
    this.#options = options;
    for (const node of options.nodes) this.#index.put(node);
  }

  get size(): number {
    return this.#index.size;
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
    const [node] = await this.#inTurn(() => this.#enrol([input], (path) => path));
    return node as Node;
  }

  enrolMany(inputs: readonly NodeInput[]): Promise<readonly Node[]> {
    return this.#inTurn(() => this.#enrol(inputs, (path, index) => `[${index}].${path}`));
  }

  change(id: NodeId, patch: NodePatch, expectedVersion?: number): Promise<Node> {
    return this.#inTurn(async () => {
      const before = this.#expect(id, expectedVersion);
      const reading = readPatch(before, patch);
      if (reading.problems.length === 0 && isDeepStrictEqual(reading.node, before)) return before;
      const node = { ...reading.node, version: before.version + 1, updatedAt: this.#options.clock.now() };
      this.#judge([{ ...reading, node }], (path) => path);
      await this.#options.commit([{ put: 'node', node }]);
      this.#index.put(node);
      this.#tell('node.changed', node, `changed: ${changedFields(before, node)}`);
      return node;
    });
  }

  remove(id: NodeId, expectedVersion?: number): Promise<Node> {
    return this.#inTurn(async () => {
      const node = this.#expect(id, expectedVersion);
      await this.#options.commit([{ remove: 'node', id }]);
      this.#index.remove(id);
      this.#tell('node.removed', node, 'removed');
      return node;
    });
  }

  async #enrol(inputs: readonly NodeInput[], place: (path: string, index: number) => string): Promise<readonly Node[]> {
    const now = this.#options.clock.now();
    const readings = inputs.map((input) =>
      readNode(input, { id: randomUUID(), version: 1, createdAt: now, updatedAt: now }),
    );
    this.#judge(readings, place);
    const nodes = readings.map(({ node }) => node);
    await this.#options.commit(nodes.map((node) => ({ put: 'node', node })));
    for (const node of nodes) {
      this.#index.put(node);
      this.#tell('node.enrolled', node, `enrolled with ${node.interfaces.map(interfaceInWords).join(', ')}`);
    }
    return nodes;
  }

  /** Changes one at a time: what was judged is still true when it is on disk. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      const message = `${MAX_WAITING} changes of nodes wait for the store already.`;
      return Promise.reject(new HostRefused(message, 'Look whether the disk of dataDir answers, then try again.'));
    }
    this.#waiting += 1;
    const done = this.#turn.then(change).finally(() => {
      this.#waiting -= 1;
    });
    this.#turn = done.catch(() => undefined);
    return done;
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

  /** @throws InvalidInput, or Conflict where other owners are all that is wrong */
  #judge(readings: readonly NodeReading[], place: (path: string, index: number) => string): void {
    const invalid: Problem[] = [];
    const conflicts: Problem[] = [];
    const inBatch = new Map<string, Claim>();
    for (const [index, { node, problems, unreadable }] of readings.entries()) {
      const at = (problem: Problem): Problem => ({ ...problem, path: place(problem.path, index) });
      const own = [...problems, ...nodeProblems(node, unreadable)];
      // The configuration's checks take a node that is sound by itself.
      invalid.push(...(own.length > 0 ? own : (this.#options.checkNode?.(node) ?? [])).map(at));
      for (const claim of claimsOf(node)) {
        const key = `${claim.kind} ${claim.value}`;
        const stored = this.#index.holder(claim.kind, claim.value);
        const holder = inBatch.get(key) ?? (stored?.node.id === node.id ? undefined : stored);
        if (holder === undefined) inBatch.set(key, claim);
        else conflicts.push(at(claimProblem(claim, holder)));
      }
    }
    const [first] = readings;
    const subject =
      readings.length === 1 && first !== undefined ? `The node ${shown(first.node.name)}` : `${readings.length} nodes`;
    const problems = [...invalid, ...conflicts];
    const more = problems.length > MAX_PROBLEMS ? ` (the first ${MAX_PROBLEMS} of ${problems.length} problems)` : '';
    const told = problems.slice(0, MAX_PROBLEMS);
    const message = `${subject} can’t be stored like this; nothing was changed${more}.`;
    if (invalid.length > 0) throw new InvalidInput(message, told);
    if (conflicts.length > 0) throw new Conflict(message, told);
  }

  #tell(type: string, node: Node, text: string): void {
    this.#options.events.emit({ type, level: 'info', subject: subjectOf(node), text });
  }
}

function subjectOf(node: Node): EventSubject {
  const first = node.interfaces.find((candidate) => candidate.mac !== undefined || candidate.clientId !== undefined);
  const key =
    first?.mac !== undefined
      ? macKey(first.mac)
      : first?.clientId !== undefined
        ? clientIdKey(first.clientId)
        : undefined;
  return {
    nodeId: node.id,
    nodeName: node.name,
    ...(key === undefined ? {} : { key }),
    ...(first?.address === undefined ? {} : { address: first.address }),
  };
}

function interfaceInWords(candidate: NodeInterface): string {
  const identity = candidate.mac ?? candidate.clientId ?? (candidate.switchPort === undefined ? 'UUID' : 'switch port');
  return `${candidate.name} ${identity}${candidate.address === undefined ? '' : ` ${formatIpv4(candidate.address)}`}`;
}

/** `boot.profile local → rescue, rack`: simple values with before and after, the others by name. */
function changedFields(before: Node, after: Node): string {
  const fields: string[] = [];
  const compare = (name: string, one: unknown, other: unknown) => {
    if (isDeepStrictEqual(one, other)) return;
    const simple = [one, other].every((value) => value === undefined || typeof value === 'string');
    fields.push(simple ? `${name} ${one ?? 'none'} → ${other ?? 'none'}` : name);
  };
  for (const name of [
    'name',
    'interfaces',
    'uuid',
    'serialNumber',
    'rack',
    'position',
    'roles',
    'group',
    'labels',
    'options',
  ] as const) {
    compare(name, before[name], after[name]);
  }
  for (const name of ['profile', 'loader', 'diskMethod'] as const) {
    compare(`boot.${name}`, before.boot[name], after.boot[name]);
  }
  return fields.join(', ');
}
