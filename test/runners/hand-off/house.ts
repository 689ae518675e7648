import type {
  AcceptanceGate,
  ClusterSettings,
  HandOffQueue,
  HandOffResult,
  HostOutcome,
  RunHost,
  RunId,
  RunRequest,
  RunStatus,
} from '../../../src/domain/hand-off.ts';
import type { Node, NodeId } from '../../../src/domain/node.ts';
import type { NodeFault, NodeState } from '../../../src/domain/node-life.ts';
import type { NodeDirectory, StoreChange } from '../../../src/domain/ports.ts';
import { HandOffDesk } from '../../../src/runners/hand-off/hand-off-desk.ts';
import { ClusterBusy } from '../../../src/runners/run-errors.ts';
import { FakeClock, settle } from '../../harness/clock.ts';

export function cluster(changes: Partial<ClusterSettings> = {}): ClusterSettings {
  return {
    name: 'pod1',
    runner: 'playbook',
    roles: ['gpu'],
    settleMs: 120_000,
    inactivityMs: 3_600_000,
    waves: { canaryNodes: 1, maxNodes: 20, maxFailedShare: 0.1 },
    ssh: { user: 'ubuntu', port: 22 },
    options: {},
    ...changes,
  };
}

export function node(name: string, roles: readonly string[] = ['gpu']): Node {
  return {
    id: `id-${name}`,
    name,
    interfaces: [],
    roles,
    labels: {},
    options: {},
    boot: { profile: 'local', loader: 'auto' },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
  };
}

/** Runs that are simulated: they begin, last as long as they are told, and end as they are told. */
export class SimulatedRuns {
  readonly begun: RunRequest[] = [];
  readonly #runs = new Map<RunId, RunStatus>();
  readonly #listeners = new Set<(run: RunStatus) => void>();
  readonly #clock: FakeClock;
  mostAtOnce = 0;
  /** What a run comes to; undefined: it never ends by itself. */
  lastsMs: (run: RunStatus) => number | undefined = () => 600_000;
  outcome: (host: string, run: RunStatus) => HostOutcome = () => ({ result: 'changed' });
  refuse: (request: RunRequest) => Error | undefined = () => undefined;

  constructor(clock: FakeClock, kept: readonly RunStatus[] = []) {
    this.#clock = clock;
    for (const run of kept) this.#runs.set(run.id, run);
  }

  async start(request: RunRequest): Promise<RunStatus> {
    await Promise.resolve();
    const trouble = this.refuse(request);
    if (trouble !== undefined) throw trouble;
    if (this.busyWith(request.cluster) !== undefined) throw new ClusterBusy(request.cluster, undefined);
    this.begun.push(request);
    const run: RunStatus = {
      id: `run-${this.begun.length}`,
      cluster: request.cluster,
      runner: 'playbook',
      action: request.action,
      by: request.by,
      state: 'running',
      hosts: Object.fromEntries(request.hosts.map((name) => [name, { result: 'pending' }])),
      steps: [],
      startedAt: this.#clock.now(),
    };
    this.#put(run);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.all().filter(({ state }) => state === 'running').length);
    const lastsMs = this.lastsMs(run);
    if (lastsMs !== undefined) this.#clock.setTimeout(() => this.end(run.id), lastsMs);
    return run;
  }

  /** @param changes of how it ended; by itself it succeeds or fails as its hosts did */
  end(id: RunId, changes: Partial<RunStatus> = {}): void {
    const run = this.#runs.get(id);
    if (run?.state !== 'running') return;
    const hosts = Object.fromEntries(Object.keys(run.hosts).map((name) => [name, this.outcome(name, run)]));
    const isWell = Object.values(hosts).every(({ result }) => result === 'changed');
    this.#put({ ...run, hosts, state: isWell ? 'succeeded' : 'failed', endedAt: this.#clock.now(), ...changes });
  }

  get(id: RunId): RunStatus | undefined {
    return this.#runs.get(id);
  }

  all(): readonly RunStatus[] {
    return [...this.#runs.values()];
  }

  busyWith(name: string): RunId | undefined {
    return this.all().find((run) => run.cluster === name && run.state === 'running')?.id;
  }

  onChange(listener: (run: RunStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #put(run: RunStatus): void {
    this.#runs.set(run.id, run);
    for (const listener of this.#listeners) listener(run);
  }
}

/** The hand-off with simulated runs, lives and time. */
export class HandOffHouse {
  readonly clock: FakeClock;
  readonly nodes = new Map<string, Node>();
  readonly states = new Map<NodeId, NodeState>();
  readonly #installedAt = new Map<NodeId, number>();
  readonly faults = new Map<NodeId, Omit<NodeFault, 'at'>>();
  readonly events: { type: string; text: string }[] = [];
  readonly store = new Map<string, StoreChange>();
  clusters: readonly ClusterSettings[] = [cluster()];
  runs: SimulatedRuns;
  desk: HandOffDesk;
  gate: AcceptanceGate = { check: async () => new Map() };

  constructor(clock = new FakeClock()) {
    this.clock = clock;
    this.runs = new SimulatedRuns(clock);
    this.desk = this.#newDesk([], []);
  }

  add(...names: readonly string[]): readonly Node[] {
    return names.map((name) => {
      const added = node(name);
      this.nodes.set(name, added);
      return added;
    });
  }

  /** Its installation is over: what its life then asks for. */
  async finished(each: Node): Promise<void> {
    this.states.set(each.id, 'installed');
    this.#installedAt.set(each.id, this.clock.now());
    void this.#effect(each);
    await settle();
  }

  async #effect(each: Node): Promise<void> {
    const outcome = await this.desk.effect.perform(each);
    if (outcome?.done === true) this.states.set(each.id, 'handing-off');
  }

  /** The daemon ends and comes up again with what is on disk; effects that were pending are asked for again. */
  async restart(): Promise<void> {
    await this.desk.stop();
    await settle();
    const documents = [...this.store.values()].flatMap((change) => ('document' in change ? [change] : []));
    const queues = documents.flatMap((each) => (each.kind === 'hand-off-queue' ? [each.document] : []));
    const results = documents.flatMap((each) => (each.kind === 'hand-off' ? [each.document] : []));
    this.desk = this.#newDesk(queues, results);
    this.desk.start();
    for (const each of this.nodes.values()) if (this.states.get(each.id) === 'installed') void this.#effect(each);
    await settle();
  }

  stateOf(name: string): NodeState | undefined {
    return this.states.get(`id-${name}`);
  }

  async passes(ms: number, stepMs = 10_000): Promise<void> {
    await this.clock.advanceSettling(ms, stepMs);
    await settle(20);
  }

  #newDesk(queues: readonly HandOffQueue[], results: readonly HandOffResult[]): HandOffDesk {
    const byId = (id: NodeId) => [...this.nodes.values()].find((each) => each.id === id);
    const directory = {
      byId,
      byName: (name: string) => this.nodes.get(name),
      all: () => this.nodes.values(),
    } satisfies Partial<NodeDirectory>;
    return new HandOffDesk({
      queues,
      results,
      clusters: () => this.clusters,
      nodes: directory as unknown as NodeDirectory,
      hostOf: ({ id, name, roles }): RunHost => ({ id, name, roles }),
      runs: this.runs,
      gate: { check: (...them) => this.gate.check(...them) },
      life: {
        state: (id) => this.states.get(id),
        since: (id) => this.#installedAt.get(id),
        started: async ({ id }) => {
          this.states.set(id, 'handing-off');
          this.faults.delete(id);
        },
        done: async ({ id }) => void this.states.set(id, 'ready'),
        failed: async ({ id }, fault) => void this.faults.set(id, fault),
        accepted: async ({ id }) => void this.states.set(id, 'ready'),
      },
      commit: async (batch) => {
        for (const change of batch)
          if ('id' in change && 'kind' in change) this.store.set(`${change.kind} ${change.id}`, change);
      },
      clock: this.clock,
      events: { wantsDebug: false, emit: ({ type, text }) => void this.events.push({ type, text }) },
    });
  }
}
