import type { BootEvent } from '../domain/events.ts';
import type { Clock, EventSink, Store, StoreChange } from '../domain/ports.ts';
import {
  DAEMON_OWNER,
  type EventOwner,
  type EventPage,
  type EventQuery,
  type EventStore,
  ownerOf,
  type StoredEvent,
} from '../domain/stored-event.ts';
import { EventWriter } from './event-writer.ts';

export type StoredListener = (entries: readonly StoredEvent[]) => void;

/**
 * The steps of every node, of machines that are not enrolled, and of the daemon itself. They are kept in the store, within
 * its bounds; memory has only what waits to be written.
 */
export interface Timeline extends EventSink {
  /**
   * Changes of the store with what is told of them, in one transaction: neither is ever on disk without the other. The rest
   * of podboot is told by whoever calls, afterwards. @throws what the store throws
   */
  commit(batch: readonly StoreChange[], told: readonly BootEvent[]): Promise<void>;
  /** What was emitted before the call is in it, as far as it could be written. @throws what the store throws */
  read(query: EventQuery): Promise<EventPage>;
  /** The last number of an event that was told before that time. */
  sequenceBefore(at: number): Promise<number>;
  /** Told of every batch as soon as it is written: whatever has a number is found again after a crash. */
  onStored(listener: StoredListener): () => void;
  /** Counts: written, waiting, dropped. */
  statistics(): Readonly<Record<string, number>>;
  /** Writes what waits: before the store is closed. */
  close(): Promise<void>;
}

export interface TimelineOptions {
  readonly store: EventStore & Pick<Store, 'commitWithEvents'>;
  readonly clock: Clock;
  /** Where the timeline tells of its own trouble. */
  readonly log: EventSink;
}

const REPEAT_MS = 1_000;
const MAX_LATEST = 5_000;

export function createTimeline({ store, clock, log }: TimelineOptions): Timeline {
  const listeners = new Set<StoredListener>();
  /** By owner, where its last event can be repeated at will. */
  const latest = new Map<string, { readonly type: string; readonly throttle: string; readonly atMs: number }>();
  const writer = new EventWriter({
    store,
    clock,
    log,
    onStored: (entries) => {
      for (const listener of listeners) listener(entries);
    },
  });

  /** What a stranger can cause at will must not push the rest out: the same again within a second is left out. */
  function isRepeated({ type, throttle }: BootEvent, owner: EventOwner): boolean {
    const key = `${owner.kind} ${owner.name}`;
    const last = latest.get(key);
    const now = clock.monotonic();
    if (last !== undefined && last.type === type && last.throttle === throttle && now - last.atMs < REPEAT_MS) {
      return true;
    }
    latest.delete(key);
    if (throttle === undefined) return false;
    const [oldest] = latest.keys();
    if (latest.size >= MAX_LATEST && oldest !== undefined) latest.delete(oldest);
    latest.set(key, { type, throttle, atMs: now });
    return false;
  }

  return {
    wantsDebug: false,
    emit(event) {
      const owner = ownerOf(event);
      if (isRepeated(event, owner)) return;
      const at = clock.now();
      if (event.type === 'node.removed' && owner.kind === 'node') {
        writer.withdraw(owner.name);
        writer.add({ forget: owner });
        // Its own history is gone; that it was removed is the daemon's.
        writer.add({ add: { owner: DAEMON_OWNER, at, event } });
      } else writer.add({ add: { owner, at, event } });
    },
    async commit(batch, told) {
      const events = told.flatMap((event) => {
        const owner = ownerOf(event);
        return isRepeated(event, owner) ? [] : [{ add: { owner, at: clock.now(), event } }];
      });
      await writer.writeWith(events, (all) => store.commitWithEvents(batch, all));
    },
    async read(query) {
      await writer.flush();
      return await store.events(query);
    },
    async sequenceBefore(at) {
      // What waits is told already, and gets a higher number than what is written.
      await writer.flush();
      return await store.sequenceBefore(at);
    },
    onStored(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    statistics: () => writer.statistics(),
    close: () => writer.close(),
  };
}
