import type { Node } from '../domain/node.ts';
import type { EffectKind, LifeStep, NodeFault, NodeLife, NodeState, RestingState } from '../domain/node-life.ts';
import type { DeadlineTimes } from '../domain/settings.ts';
import { deadlineName, type LifeEvent } from './life-events.ts';
import { LIFE_TABLE, type Move } from './life-table.ts';

export interface Transition {
  /** The same object where nothing changes. */
  readonly next: NodeLife;
  /** What the event itself asks for; `next.pending` holds them until they are done. */
  readonly effects: readonly EffectKind[];
}

/** A node that has no life on disk: enrolled, and nothing has happened to it. */
export function newLife(node: Pick<Node, 'id' | 'createdAt'>): NodeLife {
  return { nodeId: node.id, state: 'enrolled', since: node.createdAt, deadlineAt: null, version: 0 };
}

/**
 * What comes of an event. Pure. What is late, double or senseless in the state changes nothing.
 * @param deadlines of the node's platform, in milliseconds
 */
export function transition(life: NodeLife, event: LifeEvent, deadlines: DeadlineTimes): Transition {
  const moves = LIFE_TABLE[life.state][event.kind];
  const move = moves.find(({ when }) => when === undefined || when.holds(life, event));
  if (move === undefined) return { next: life, effects: [] };
  const next = moved(life, move, event, deadlines);
  return { next, effects: effectsOf(life, move, next.state) };
}

function moved(life: NodeLife, move: Move, event: LifeEvent, deadlines: DeadlineTimes): NodeLife {
  const state = target(life, move);
  const changesState = move.to !== undefined;
  const step = move.step ?? (changesState ? stepIn(state, life) : life.step);
  const begins = changesState || move.patience === true || step !== life.step;
  const deadline = deadlineName(state, step);
  const fault = faultAfter(life, move, event);
  const pending = pendingAfter(life, move, state);
  const owed = state === 'maintenance' ? owedAfter(life, move) : [];
  const inMaintenance = state === 'maintenance';
  const before = move.before ?? (inMaintenance ? (life.state === 'maintenance' ? life.before : life.state) : undefined);
  const resting = restingAfter(life, state);
  const person = personAfter(life, event, changesState);
  // Another installation makes keys of its own; who has the old ones then is not what it installed.
  const hostKeys = event.hostKeys ?? (event.kind === 'claimed' ? undefined : life.hostKeys);
  return {
    nodeId: life.nodeId,
    state,
    ...(step === undefined ? {} : { step }),
    since: changesState ? event.at : life.since,
    deadlineAt: begins ? (deadline === undefined ? null : event.at + deadlines[deadline]) : life.deadlineAt,
    ...(fault === undefined ? {} : { fault }),
    ...person,
    ...(before === undefined ? {} : { before }),
    ...(resting === undefined ? {} : { resting }),
    ...(pending.length === 0 ? {} : { pending }),
    ...(owed.length === 0 ? {} : { owed }),
    ...(hostKeys === undefined ? {} : { hostKeys }),
    version: life.version + 1,
  };
}

function target(life: NodeLife, { to }: Move): NodeState {
  if (to === 'before') return life.before ?? life.resting ?? 'enrolled';
  if (to === 'resting') return life.resting ?? 'enrolled';
  return to ?? life.state;
}

/** Maintenance keeps the step of an installation, which may go on all the while. */
function stepIn(state: NodeState, life: NodeLife): LifeStep | undefined {
  const keeps = state === 'maintenance' || (life.state === 'maintenance' && state === 'installing');
  return keeps ? life.step : undefined;
}

function faultAfter(life: NodeLife, move: Move, event: LifeEvent): NodeFault | undefined {
  if (move.fault === 'set') return event.fault === undefined ? life.fault : { ...event.fault, at: event.at };
  if (move.fault === 'clear') return undefined;
  // What went wrong in maintenance is still so after it.
  return move.to === undefined || move.to === 'before' ? life.fault : undefined;
}

/** An effect belongs to the state that asked for it, but the boot order is to be put back whatever comes next, save another installation. */
function pendingAfter(life: NodeLife, move: Move, state: NodeState): readonly EffectKind[] {
  const kept = (life.pending ?? []).filter((effect) =>
    move.to === undefined ? true : effect === 'disk-first' && (state === 'installed' || state === 'ready'),
  );
  return [...new Set([...kept, ...effectsOf(life, move, state)])];
}

/** In maintenance nothing is done; what was owed is when it ends. */
function effectsOf(life: NodeLife, move: Move, state: NodeState): readonly EffectKind[] {
  if (state === 'maintenance') return [];
  return [...(move.effects ?? []), ...(move.to === 'before' ? (life.owed ?? []) : [])];
}

/** A start is not owed: whether the node is still to be started is asked when maintenance ends. */
function owedAfter(life: NodeLife, move: Move): readonly EffectKind[] {
  const interrupted = (life.pending ?? []).filter((effect) => effect !== 'network-boot');
  return [...new Set([...(life.owed ?? []), ...interrupted, ...(move.effects ?? [])])];
}

function restingAfter(life: NodeLife, state: NodeState): RestingState | undefined {
  if (state === 'enrolled' || state === 'installed' || state === 'ready' || state === 'retired') return undefined;
  if (life.state === 'enrolled' || life.state === 'installed' || life.state === 'ready') return life.state;
  // What was on the disk is gone once an installer has had it.
  return life.state === 'installing' && state === 'powering' ? 'enrolled' : life.resting;
}

/** Who, and why: of the last state that a person chose. */
function personAfter(life: NodeLife, event: LifeEvent, changesState: boolean): { by?: string; reason?: string } {
  const source = changesState ? event : life;
  return {
    ...(source.by === undefined ? {} : { by: source.by }),
    ...(source.reason === undefined ? {} : { reason: source.reason }),
  };
}
