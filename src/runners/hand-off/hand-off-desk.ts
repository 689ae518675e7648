import { Conflict, NotFound } from '../../domain/errors.ts';
import type {
  AcceptanceGate,
  ClusterSettings,
  HandOffQueue,
  HandOffResult,
  RunHost,
  RunStatus,
  WaitingNode,
} from '../../domain/hand-off.ts';
import type { EffectOutcome, EffectPort } from '../../domain/install-ports.ts';
import type { Node, NodeId } from '../../domain/node.ts';
import type { Clock, EventSink, NodeDirectory, StoreChange } from '../../domain/ports.ts';
import { RunRefused } from '../run-errors.ts';
import type { RunLedger } from '../run-ledger.ts';
import { ClusterTurns } from './cluster-turns.ts';
import { EffectWaiters } from './effect-waiters.ts';
import { subjectOf } from './hand-off-words.ts';
import { judgeHindrance } from './hindrance.ts';
import { leaveCluster } from './left-cluster.ts';
import { isNewSince, wentAnotherWay } from './new-systems.ts';
import {
  accepted,
  afterWave,
  begun,
  blocked,
  enqueued,
  neverBegan,
  nextStep,
  resumed,
  silenced,
  type WaveFate,
  withoutNodes,
} from './policy.ts';
import type { HandOffLife } from './ports.ts';
import { QueueBook, settingsHash } from './queue-book.ts';
import { type NodeEnd, nodeEnds, runnersSuccesses } from './wave-end.ts';

/** Runs that take nodes into a cluster; the others change nothing of what a node is. */
const JOINS: ReadonlySet<RunStatus['action']> = new Set(['deploy', 'add-worker', 'add-control-plane']);

export interface HandOffDeskOptions {
  readonly queues: readonly HandOffQueue[];
  readonly results: readonly HandOffResult[];
  readonly clusters: () => readonly ClusterSettings[];
  readonly nodes: NodeDirectory;
  readonly hostOf: (node: Node) => RunHost;
  readonly runs: Pick<RunLedger, 'start' | 'get' | 'all' | 'busyWith' | 'onChange'>;
  readonly gate: AcceptanceGate;
  readonly life: HandOffLife;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
}

/**
 * Takes finished nodes to what they are for: gathers them, begins runs wave by wave, and tells each node's life what came of
 * it. What is pending is on disk; whatever is asked twice is done once.
 */
export class HandOffDesk {
  readonly book: QueueBook;
  readonly #options: HandOffDeskOptions;
  readonly #turns: ClusterTurns;
  readonly #waiters = new EffectWaiters();
  /** Nodes whose life says that no run comes for them. */
  readonly #toldWaiting = new Set<NodeId>();

  constructor(options: HandOffDeskOptions) {
    this.#options = options;
    this.#turns = new ClusterTurns(options.clock, options.events);
    this.book = new QueueBook(options.queues, options.results, options.commit);
    options.runs.onChange((run) => this.#runChanged(run));
  }

  /** The first cluster of podboot.yaml that has one of the node's roles. */
  clusterOf(node: Pick<Node, 'roles'>): ClusterSettings | undefined {
    return this.#options.clusters().find(({ roles }) => roles.some((role) => node.roles.includes(role)));
  }

  readonly effect: EffectPort = {
    kind: 'hand-off',
    perform: async (node) => {
      const cluster = this.clusterOf(node);
      if (cluster === undefined) return undefined;
      const started = this.#waiters.wait(node.id);
      await this.#enqueue(cluster, [node], undefined);
      return started;
    },
  };

  /** Takes up what was under way: runs that began or ended while nobody looked. */
  start(): void {
    for (const cluster of this.#options.clusters()) {
      const { current } = this.book.queue(cluster.name);
      const run = current === undefined ? undefined : this.#options.runs.get(current.run);
      if (current !== undefined && run?.state !== 'running')
        this.#turns.act(cluster.name, () => this.#finish(cluster, run));
      for (const each of this.#options.runs.all())
        if (each.state === 'running' && each.cluster === cluster.name) this.#runChanged(each);
      this.#look(cluster.name);
    }
  }

  /** Other settings: clusters that are no more let their nodes go. */
  async reload(): Promise<void> {
    const names = new Set(this.#options.clusters().map(({ name }) => name));
    for (const { cluster, waiting } of this.book.queues()) {
      if (names.has(cluster)) continue;
      await this.book.drop(cluster);
      for (const { nodeId } of waiting) this.#release(nodeId, undefined);
    }
    for (const name of names) this.#look(name);
  }

  async stop(): Promise<void> {
    this.#turns.stop();
  }

  /** Once more, for a person. @throws Conflict for a node that no cluster takes, or that is not there to be taken */
  async retry(nodes: readonly Node[], by: string): Promise<void> {
    for (const node of nodes) {
      const state = this.#options.life.state(node.id);
      if (this.clusterOf(node) === undefined)
        throw new Conflict(`${node.name} belongs to no cluster.`, [], 'Give it a role of one: podboot hand-off status');
      if (state !== 'installed' && state !== 'handing-off' && state !== 'ready')
        throw new Conflict(`${node.name} is ${state}: it has no system that could be handed over.`);
    }
    for (const [cluster, members] of Map.groupBy(nodes, (node) => this.clusterOf(node)))
      if (cluster !== undefined) await this.#enqueue(cluster, members, by);
  }

  /** As it is, whatever was found. @throws Conflict */
  async accept(node: Node, by: string, reason?: string): Promise<void> {
    await this.#options.life.accepted(node, by, reason);
    const cluster = this.clusterOf(node);
    if (cluster === undefined) return;
    await this.book.update(cluster.name, (queue) => accepted(queue, node.id));
    this.#release(node.id, undefined);
  }

  /** Lets a cluster go on whose waves stopped. @throws NotFound */
  async resume(name: string): Promise<void> {
    if (!this.#options.clusters().some((cluster) => cluster.name === name))
      throw new NotFound(`There is no cluster ${name} in podboot.yaml.`, 'podboot hand-off status shows them.');
    await this.book.update(name, resumed);
    this.#look(name);
  }

  /** A node that is no more. */
  async forget(nodeId: NodeId): Promise<void> {
    for (const { cluster } of this.book.queues())
      await this.book.update(cluster, (queue) => withoutNodes(queue, new Set([nodeId])));
    await this.book.forget(nodeId);
    this.#release(nodeId, undefined);
  }

  async #enqueue({ name }: ClusterSettings, nodes: readonly Node[], by: string | undefined): Promise<void> {
    const { life, runs, clock } = this.#options;
    const since = clock.now();
    const isNew = (id: NodeId, { current }: HandOffQueue) =>
      current !== undefined && isNewSince(life, id, runs.get(current.run));
    const asked = by === undefined ? {} : { by };
    const queue = await this.book.update(name, (before) =>
      nodes.reduce(
        (sum, { id }) => enqueued(sum, { nodeId: id, since, interruptions: 0, ...asked }, isNew(id, sum)),
        before,
      ),
    );
    // Its run had begun before the daemon ended.
    for (const { nodeId } of queue.current?.nodes ?? [])
      if (!isNew(nodeId, queue)) this.#release(nodeId, startedBy(queue.current?.run ?? ''));
    this.#look(name);
  }

  /** Soon, in its turn. */
  #look(name: string): void {
    this.#turns.act(name, () => this.#pump(name));
  }

  async #pump(name: string): Promise<void> {
    const { clock, clusters, runs } = this.#options;
    this.#turns.awake(name);
    const cluster = clusters().find((each) => each.name === name);
    if (cluster === undefined || this.#turns.isStopped) return;
    await this.#dropStrayed(name);
    const queue = this.book.queue(name);
    await this.#tellWaiting(queue);
    const step = nextStep(queue, cluster, settingsHash(cluster), runs.busyWith(name) !== undefined, clock.now());
    if (step.kind === 'wait') this.#turns.sleep(name, step.untilMs - clock.now(), () => this.#look(name));
    if (step.kind === 'start') await this.#begin(cluster, step.nodes);
  }

  /** Whoever waits for a run that does not come by itself has a fault that says why; the run that comes clears it. */
  async #tellWaiting({ cluster, waiting, halt, blocked: hindered }: HandOffQueue): Promise<void> {
    const { nodes, life } = this.#options;
    const why = halt ?? hindered;
    for (const { nodeId } of waiting) {
      const node = nodes.byId(nodeId);
      if (why === undefined) this.#toldWaiting.delete(nodeId);
      if (why === undefined || node === undefined || this.#toldWaiting.has(nodeId)) continue;
      const text = `${node.name} waits for a run of ${cluster} that does not begin: ${why.text}`;
      await life.failed(node, { code: 'hand-off-waits', text, mend: why.mend });
      this.#toldWaiting.add(nodeId);
    }
  }

  /** Those who have gone another way since: installed anew, in maintenance, removed. */
  async #dropStrayed(name: string): Promise<void> {
    const { life, nodes } = this.#options;
    const ids = new Set<NodeId>();
    const isStrayed = ({ nodeId, by }: WaitingNode) => {
      const state = nodes.byId(nodeId) === undefined ? undefined : life.state(nodeId);
      return state !== 'installed' && state !== 'handing-off' && !(state === 'ready' && by !== undefined);
    };
    await this.book.update(name, (queue) => {
      for (const each of queue.waiting) if (isStrayed(each)) ids.add(each.nodeId);
      return withoutNodes(queue, ids);
    });
    for (const id of ids) this.#release(id, undefined);
  }

  async #begin(cluster: ClusterSettings, wave: readonly WaitingNode[]): Promise<void> {
    const { runs, nodes } = this.#options;
    const hosts = wave.flatMap(({ nodeId }) => nodes.byId(nodeId)?.name ?? []);
    const by = [...new Set(wave.map((node) => node.by ?? 'installed'))].join(', ');
    try {
      await runs.start({ cluster: cluster.name, action: 'add-worker', hosts, by });
    } catch (error) {
      // Somebody was quicker: the end of that run brings us here again.
      if (runs.busyWith(cluster.name) === undefined) await this.#hindered(cluster, wave, error);
    }
  }

  /** Nothing was begun. What is about single nodes ends their hand-off; the others try again without them. */
  async #hindered(cluster: ClusterSettings, wave: readonly WaitingNode[], error: unknown): Promise<void> {
    const obstacles = error instanceof RunRefused ? error.obstacles : [];
    const { nodes, life, clock, events } = this.#options;
    const { faults, silent, general } = judgeHindrance(wave, obstacles, (id) => nodes.byId(id));
    for (const { node, fault } of faults) await life.failed(node, fault);
    const bad = new Set(faults.map(({ node }) => node.id));
    await this.book.update(cluster.name, (queue) => silenced(withoutNodes(queue, bad), silent, clock.now()));
    for (const id of bad) this.#release(id, undefined);
    if (bad.size + silent.size > 0 && general === undefined) return this.#look(cluster.name);
    const text = general?.message ?? (error instanceof Error ? error.message : String(error));
    const mend = general?.mend ?? mendOf(error);
    if (this.book.queue(cluster.name).blocked?.text !== text)
      events.emit({
        type: 'hand-off.blocked',
        level: 'warn',
        subject: {},
        text: `no run of ${cluster.name} can begin: ${text}`,
        mend,
      });
    await this.book.update(cluster.name, (queue) => blocked(queue, text, mend, clock.now()));
    this.#look(cluster.name);
  }

  #runChanged(run: RunStatus): void {
    const cluster = this.#options.clusters().find(({ name }) => name === run.cluster);
    if (cluster === undefined) return;
    if (!JOINS.has(run.action)) {
      if (run.state === 'running') return;
      if (run.action === 'remove')
        this.#turns.act(cluster.name, () => leaveCluster(run, { ...this.#options, book: this.book }));
      this.#look(cluster.name);
    } else if (run.state === 'running') this.#turns.act(cluster.name, () => this.#adopt(cluster, run));
    else this.#turns.act(cluster.name, () => this.#finish(cluster, run));
  }

  /** A run has begun, ours or a person's: its nodes wait no more. */
  async #adopt({ name }: ClusterSettings, run: RunStatus): Promise<void> {
    const { nodes, life, clock } = this.#options;
    const queue = this.book.queue(name);
    const members = Object.keys(run.hosts).flatMap((host) => nodes.byName(host) ?? []);
    const waits = (now: HandOffQueue, { id }: Node): WaitingNode =>
      now.waiting.find(({ nodeId }) => nodeId === id) ?? { nodeId: id, since: clock.now(), interruptions: 0 };
    await this.book.update(name, (now) =>
      now.current?.run === run.id
        ? now
        : begun(
            now,
            run.id,
            members.map((node) => waits(now, node)),
          ),
    );
    for (const node of members) {
      if (isNewSince(life, node.id, run)) continue;
      const isAsked = queue.waiting.find(({ nodeId }) => nodeId === node.id)?.by !== undefined;
      // The life hears of it by its effect where that waits for us.
      if (this.#release(node.id, startedBy(run.id))) continue;
      if (life.state(node.id) !== 'ready' || isAsked) await life.started(node);
    }
  }

  async #finish(cluster: ClusterSettings, run: RunStatus | undefined): Promise<void> {
    const { clock, gate, nodes, hostOf, life } = this.#options;
    const queue = this.book.queue(cluster.name);
    const { current } = queue;
    if (current === undefined || (run !== undefined && current.run !== run.id)) return this.#look(cluster.name);
    if (run === undefined || run.state === 'refused') return this.#neverBegan(cluster, queue, run);
    const still = () =>
      (this.book.queue(cluster.name).current?.nodes ?? []).filter(({ nodeId }) => !wentAnotherWay(life, nodeId, run));
    const hosts = still()
      .flatMap(({ nodeId }) => nodes.byId(nodeId) ?? [])
      .map(hostOf);
    const passed = runnersSuccesses(run, hosts);
    const checks = passed.length === 0 ? new Map() : await gate.check(cluster, passed);
    // Looked at anew: the acceptance may have taken an hour.
    const wave = still();
    const ends = nodeEnds(run, wave, (id) => nodes.byId(id), checks, clock.now());
    const fates = new Map<NodeId, WaveFate>(ends.map(({ node, fate }) => [node.id, fate]));
    const stoppedBy = run.state === 'stopped' ? (run.stoppedBy ?? 'somebody') : undefined;
    const end = { run: run.id, fates, ...(stoppedBy === undefined ? {} : { stoppedBy }) };
    const after = (now: HandOffQueue) => {
      const reckoned = now.current === undefined ? now : { ...now, current: { ...now.current, nodes: wave } };
      return afterWave(reckoned, cluster, settingsHash(cluster), end, clock.now());
    };
    const givenUp = new Set(after(this.book.queue(cluster.name)).givenUp);
    // The lives first: told twice they stay the same, and a crash in between tells them again.
    for (const each of ends) if (each.fate !== 'unknown' || givenUp.has(each.node.id)) await this.#tell(each);
    const results = ends.map(({ result }) => result);
    this.#tellHalt(cluster.name, await this.book.update(cluster.name, (now) => after(now).queue, results));
    this.#look(cluster.name);
  }

  /** Nothing was changed by it, so it counts for nobody. */
  async #neverBegan({ name }: ClusterSettings, queue: HandOffQueue, run: RunStatus | undefined): Promise<void> {
    const { current } = queue;
    const text = run?.reason ?? `nothing is known of the run ${current?.run}`;
    const mend = `podboot runs log ${current?.run}`;
    await this.book.update(name, (now) => neverBegan(now, text, mend, this.#options.clock.now()));
    this.#options.events.emit({
      type: 'hand-off.blocked',
      level: 'warn',
      subject: {},
      text: `the run ${current?.run} of ${name} did not begin: ${text}`,
      mend,
    });
    this.#look(name);
  }

  async #tell({ node, fate, fault, result }: NodeEnd): Promise<void> {
    const { life, events } = this.#options;
    if (fault === undefined) await life.done(node);
    else {
      // A person's run over nodes in use: this one is in use no more.
      if (life.state(node.id) === 'ready') await life.started(node);
      await life.failed(node, fault);
    }
    const checks =
      result.checks.length === 0
        ? ''
        : `, ${result.checks.filter(({ ok }) => ok).length} of ${result.checks.length} checks passed`;
    events.emit({
      type: fate === 'ready' ? 'hand-off.done' : 'hand-off.failed',
      level: fate === 'ready' ? 'info' : 'warn',
      subject: subjectOf(node),
      text: fault?.text ?? `${node.name} was handed over to ${result.cluster} by ${result.run}${checks}`,
      ...(fault?.mend === undefined ? {} : { mend: fault.mend }),
      data: { run: result.run, cluster: result.cluster, result: result.outcome.result },
    });
  }

  #tellHalt(cluster: string, { halt, waiting }: HandOffQueue): void {
    if (halt === undefined) return;
    this.#options.events.emit({
      type: 'hand-off.halted',
      level: 'error',
      subject: {},
      text: `the hand-off to ${cluster} has stopped by itself: ${halt.text}; ${waiting.length} nodes wait`,
      mend: halt.mend,
      data: { cluster, waiting: waiting.length },
    });
  }

  /** Whether an effect waited for it. */
  #release(nodeId: NodeId, outcome: EffectOutcome | undefined): boolean {
    this.#toldWaiting.delete(nodeId);
    return this.#waiters.release(nodeId, outcome);
  }
}

function startedBy(run: string): EffectOutcome {
  return { done: true, text: `the run ${run} took it over` };
}

function mendOf(error: unknown): string {
  return error instanceof Error && 'mend' in error && typeof error.mend === 'string'
    ? error.mend
    : 'Look at podboot’s log.';
}
