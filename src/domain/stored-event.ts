import type { BootEvent, EventLevel } from './events.ts';
import { clientIdKey, macKey } from './lease.ts';
import type { Node } from './node.ts';

/** Whose history an event belongs to. `stranger`: a machine that was not enrolled then, by its interface key. */
export interface EventOwner {
  readonly kind: 'node' | 'stranger' | 'daemon';
  /** Node id, interface key; empty for the daemon. */
  readonly name: string;
}

export const DAEMON_OWNER: EventOwner = { kind: 'daemon', name: '' };

export function ownerOf({ subject }: BootEvent): EventOwner {
  if (subject.nodeId !== undefined) return { kind: 'node', name: subject.nodeId };
  return subject.key === undefined ? DAEMON_OWNER : { kind: 'stranger', name: subject.key };
}

/** A node's own history, and what its interfaces did before they were enrolled. */
export function ownersOfNode(node: Node): readonly EventOwner[] {
  const keys = node.interfaces.flatMap(({ mac, clientId }) => [
    ...(mac === undefined ? [] : [macKey(mac)]),
    ...(clientId === undefined ? [] : [clientIdKey(clientId)]),
  ]);
  return [{ kind: 'node', name: node.id }, ...keys.map((name) => ({ kind: 'stranger', name }) as const)];
}

/** An event as it came, before it has its number. */
export interface OwnedEvent {
  readonly owner: EventOwner;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: BootEvent;
}

export interface StoredEvent {
  /** Grows with each event and is never given twice, whatever is removed and however podboot ends: for reading on. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Without `throttle`, which is for the moment. */
  readonly event: BootEvent;
}

/** One step of what is written together. `forget` takes everything of an owner that was written before. */
export type EventChange = { readonly add: OwnedEvent } | { readonly forget: EventOwner };

export interface EventQuery {
  /** Whose; of everybody unless told. */
  readonly owners?: readonly EventOwner[];
  /** Only behind this sequence number; 0 from the first. */
  readonly after: number;
  /** At most so many. */
  readonly limit: number;
  /** What the type begins with: `dhcp.`. */
  readonly type?: string;
  /** This level and those above it. */
  readonly level?: EventLevel;
}

export interface EventPage {
  /** Oldest first. */
  readonly entries: readonly StoredEvent[];
  /** There is nothing of the query up to here but `entries`: read on after it. */
  readonly upTo: number;
  /** The last number that was given; `upTo` has reached it where nothing is left to read. */
  readonly last: number;
}

const LEVELS: readonly EventLevel[] = ['debug', 'info', 'warn', 'error'];

export function levelRank(level: EventLevel): number {
  return LEVELS.indexOf(level);
}

/** Whether the query's filters let an event through, wherever it stands. */
export function passesFilters(
  event: Pick<BootEvent, 'type' | 'level'>,
  { type, level }: Pick<EventQuery, 'type' | 'level'>,
): boolean {
  return (
    (type === undefined || event.type.startsWith(type)) &&
    (level === undefined || levelRank(event.level) >= levelRank(level))
  );
}

/** What happened, with a bound: each owner's latest, and all together (docs/api.md says how many). */
export interface EventStore {
  /**
   * Written when it resolves with the last number that was given: the events of the batch have the numbers up to it, without
   * a gap. Survives the process at once; a power cut may take what came since the last commit. On rejection nothing of it
   * is written.
   */
  appendEvents(batch: readonly EventChange[]): Promise<number>;
  /** `upTo` may come short of `last` with fewer than `limit` entries: a query that finds little stops to let others in. */
  events(query: EventQuery): Promise<EventPage>;
  /** The last number of an event that was told before that time; 0 where there is none. */
  sequenceBefore(at: number): Promise<number>;
}
