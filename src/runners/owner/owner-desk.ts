import { Conflict, NotFound } from '../../domain/errors.ts';
import type { Node, NodeId } from '../../domain/node.ts';
import type { Clock, EventSink, StoreChange } from '../../domain/ports.ts';
import type { Owner, OwnerChange, Scheduler } from '../../domain/schedulers.ts';
import { OwnerMove } from './owner-move.ts';
import { isOver, type OwnerWorld } from './owner-step.ts';
import { lookAt, ownerIn, type SchedulerSight, type SeenOwner } from './owner-view.ts';
import { ownerWord } from './owner-words.ts';
import { TurnGate } from './turn-gate.ts';

/** Nodes whose schedulers are spoken to at once: each asks squeue, sinfo or the API server. */
const AT_ONCE = 8;

export interface OwnerRequest {
  readonly to: Owner;
  readonly by: string;
  /** What runs there is ended, and a new owner that does not see the node well is put up with. */
  readonly force: boolean;
  /** How long what runs there may take to end. */
  readonly waitMs: number;
}

export interface OwnerShown {
  readonly owner: SeenOwner;
  readonly schedulers: readonly SchedulerSight[];
  /** The last one, or the one under way. */
  readonly change?: OwnerChange;
}

export interface OwnerAnswer {
  readonly outcome: 'already' | 'started' | 'would';
  readonly text: string;
  readonly change?: OwnerChange;
}

/** Who may use which node: for the API. */
export interface OwnerControl {
  /** The last one of a node, or the one under way. */
  change(nodeId: NodeId): OwnerChange | undefined;
  show(node: Node): Promise<OwnerShown>;
  /**
   * Begins; how it goes on, `show` says. One that is under way is turned back by asking for the old owner.
   * @throws NotFound where the new owner is not configured or has no such node; Conflict where it is held, not well, or another
   *   change is under way; PodbootError where a scheduler can't be asked: nothing was changed
   */
  ask(node: Node, request: OwnerRequest, dryRun?: boolean): Promise<OwnerAnswer>;
}

export interface OwnerDeskOptions {
  readonly changes: readonly OwnerChange[];
  /** In force at that moment. */
  readonly world: () => OwnerWorld;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
}

/** Every hand-over that is under way, and the last one of each node; those that a restart cut off are taken up again. */
export class OwnerDesk implements OwnerControl {
  readonly #options: OwnerDeskOptions;
  readonly #last = new Map<NodeId, OwnerChange>();
  readonly #moves = new Map<NodeId, OwnerMove>();
  /** Somebody is being answered about this node. */
  readonly #asking = new Set<NodeId>();
  readonly #gate = new TurnGate(AT_ONCE);
  #isStopped = false;

  constructor(options: OwnerDeskOptions) {
    this.#options = options;
    for (const change of options.changes) this.#last.set(change.nodeId, change);
  }

  start(): void {
    for (const change of this.#last.values()) if (!isOver(change)) this.#begin(change, false);
  }

  /** What is under way stays as it is on disk; a start takes it up. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#moves.values()].map((move) => move.stop()));
  }

  change(nodeId: NodeId): OwnerChange | undefined {
    return this.#moves.get(nodeId)?.change ?? this.#last.get(nodeId);
  }

  async show(node: Node): Promise<OwnerShown> {
    const { schedulers } = this.#options.world();
    const sights = await this.#gate.run(() => lookAt(schedulers, node.name));
    const change = this.change(node.id);
    return { owner: ownerIn(sights), schedulers: sights, ...(change === undefined ? {} : { change }) };
  }

  async ask(node: Node, request: OwnerRequest, dryRun = false): Promise<OwnerAnswer> {
    if (this.#isStopped) throw new Conflict('podboot is being stopped.', [], 'Ask again once it is back.');
    if (this.#asking.has(node.id)) throw new Conflict(`Somebody else asks for ${node.name} at this moment.`);
    this.#asking.add(node.id);
    try {
      const move = this.#moves.get(node.id);
      if (move !== undefined) return this.#askMoving(move, request, dryRun);
      return await this.#askResting(node, request, dryRun);
    } finally {
      this.#asking.delete(node.id);
    }
  }

  /** A node that is no more: its record goes with it. */
  async forget(nodeId: NodeId): Promise<void> {
    const move = this.#moves.get(nodeId);
    await move?.stop();
    this.#moves.delete(nodeId);
    if (this.#last.delete(nodeId)) await this.#options.commit([{ remove: 'document', kind: 'owner', id: nodeId }]);
  }

  #askMoving(move: OwnerMove, { to, by, force }: OwnerRequest, dryRun: boolean): OwnerAnswer {
    const { change } = move;
    if (to !== change.to && to !== change.from) {
      throw new Conflict(
        `${change.name} is on its way from ${ownerWord(change.from)} to ${ownerWord(change.to)}.`,
        [],
        'Wait until it is there, or ask for the old owner to turn it back.',
      );
    }
    const turnsBack = to === change.from;
    if (!dryRun && turnsBack && !move.turnBack(by)) {
      const text = `it is on its way back to ${ownerWord(to)} already`;
      return { outcome: 'already', text, change };
    }
    if (!dryRun && !turnsBack && force) move.force();
    const text = turnsBack ? `it is turned back to ${ownerWord(to)}` : `it is on its way to ${ownerWord(to)} already`;
    return { outcome: dryRun ? 'would' : 'started', text, change: move.change };
  }

  async #askResting(node: Node, request: OwnerRequest, dryRun: boolean): Promise<OwnerAnswer> {
    const { to, by, force, waitMs } = request;
    const { schedulers } = this.#options.world();
    if (schedulers.length === 0) {
      throw new NotFound(
        'No scheduler is configured.',
        'Write kubeconfig or runner: slurm under a cluster in podboot.yaml.',
      );
    }
    const views = new Map(
      await this.#gate.run(() =>
        Promise.all(schedulers.map(async (scheduler) => [scheduler, await scheduler.look(node.name)] as const)),
      ),
    );
    const open = schedulers.filter((scheduler) => views.get(scheduler)?.isOpen === true);
    refuseUnfit(node.name, request, schedulers, views);
    const label = [...views.values()].find((view) => view?.label !== undefined)?.label;
    const isThere = open.every(({ name }) => name === to) && (to === 'none' || open.length === 1);
    const isLabelled = !schedulers.some(({ name }) => name === 'k8s') || label === (to === 'none' ? undefined : to);
    if (isThere && isLabelled) return { outcome: 'already', text: `it belongs to ${ownerWord(to)}` };
    const from = isThere ? to : formerOwner(open, label, to);
    const text = `from ${ownerWord(from)} to ${ownerWord(to)}`;
    if (dryRun) return { outcome: 'would', text };
    const now = this.#options.clock.now();
    const change: OwnerChange = {
      ...{ nodeId: node.id, name: node.name, from, to, by, force },
      stage: isThere ? 'labelling' : 'taking',
      startedAt: now,
      since: now,
      deadlineAt: now + waitMs,
    };
    await this.#options.commit([{ put: 'document', kind: 'owner', id: node.id, document: change }]);
    this.#begin(change, true);
    return { outcome: 'started', text, change };
  }

  #begin(change: OwnerChange, isNew: boolean): void {
    const { world, commit, clock, events } = this.#options;
    const move = new OwnerMove(change, {
      ...{ world, commit, clock, events, gate: this.#gate },
      ended: (last) => {
        this.#last.set(last.nodeId, last);
        this.#moves.delete(last.nodeId);
      },
    });
    this.#last.set(change.nodeId, change);
    this.#moves.set(change.nodeId, move);
    move.start(isNew);
  }
}

/** With both open, the label says whose it is meant to be; else it is taken from whoever is not to have it. */
function formerOwner(open: readonly Scheduler[], label: string | undefined, to: Owner): Owner {
  const names = open.map(({ name }) => name).filter((name) => name !== to);
  return names.find((name) => name === label) ?? names[0] ?? 'none';
}

function refuseUnfit(
  node: string,
  { to, force }: OwnerRequest,
  schedulers: readonly Scheduler[],
  views: ReadonlyMap<Scheduler, Awaited<ReturnType<Scheduler['look']>>>,
): void {
  if ([...views.values()].every((view) => view === undefined)) {
    throw new NotFound(`Neither scheduler has a node ${node}.`, 'Hand it over first: podboot hand-off.');
  }
  if (to === 'none') return;
  const scheduler = schedulers.find(({ name }) => name === to);
  if (scheduler === undefined) {
    const key = to === 'k8s' ? 'kubeconfig' : 'runner: slurm';
    throw new NotFound(`No ${ownerWord(to)} is configured.`, `Write ${key} under a cluster in podboot.yaml.`);
  }
  const view = views.get(scheduler);
  if (view === undefined) {
    throw new NotFound(`${ownerWord(to)} has no node ${node}.`, 'It has to join first: podboot hand-off.');
  }
  if (view.heldBecause !== undefined) {
    throw new Conflict(
      `${ownerWord(to)}’s ${node} was taken out of use: ${view.heldBecause}`,
      [],
      `Settle that first, and free it in ${ownerWord(to)}.`,
    );
  }
  if (view.isReady || force) return;
  throw new Conflict(
    `${ownerWord(to)} could not use ${node} now: ${view.words}`,
    [],
    'See to it first, or give it all the same with --force.',
  );
}
