import type { Ipv4 } from '../domain/ipv4.ts';
import type { Lease } from '../domain/lease.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { DocumentKind, Store, StoreChange, StoredDocuments, StoreSnapshot } from '../domain/ports.ts';
import {
  type EventChange,
  type EventOwner,
  type EventPage,
  type EventQuery,
  passesFilters,
  type StoredEvent,
} from '../domain/stored-event.ts';

/** The store's fake: keeps everything in memory, in the same order of things as the one on disk. */
export class MemoryStore implements Store {
  readonly #leases = new Map<Ipv4, Lease>();
  readonly #nodes = new Map<NodeId, Node>();
  readonly #settings = new Map<string, string>();
  readonly #documents = new Map<DocumentKind, Map<string, unknown>>();
  #events: { readonly owner: EventOwner; readonly entry: StoredEvent }[] = [];
  #lastEvent = 0;
  /** Every batch that was committed, for tests that look at the grouping. */
  readonly batches: (readonly StoreChange[])[] = [];

  constructor(snapshot: Partial<StoreSnapshot> = {}) {
    for (const lease of snapshot.leases ?? []) this.#leases.set(lease.address, lease);
    for (const node of snapshot.nodes ?? []) this.#nodes.set(node.id, node);
    for (const [name, value] of snapshot.settings ?? []) this.#settings.set(name, value);
  }

  async load(): Promise<StoreSnapshot> {
    return {
      leases: [...this.#leases.values()],
      nodes: [...this.#nodes.values()],
      settings: new Map(this.#settings),
      documents: Object.fromEntries([...this.#documents].map(([kind, byId]) => [kind, [...byId.values()]])),
    };
  }

  async commit(batch: readonly StoreChange[]): Promise<void> {
    this.batches.push(batch);
    for (const change of batch) {
      if ('remove' in change) {
        if (change.remove === 'lease') this.#leases.delete(change.address);
        else if (change.remove === 'node') this.#nodes.delete(change.id);
        else this.#removeDocument(change.kind, change.id);
      } else if (change.put === 'lease') this.#leases.set(change.lease.address, change.lease);
      else if (change.put === 'node') this.#nodes.set(change.node.id, change.node);
      else if (change.put === 'document') {
        const byId = this.#documents.get(change.kind) ?? new Map<string, unknown>();
        this.#documents.set(change.kind, byId.set(change.id, change.document));
      } else this.#settings.set(change.name, change.value);
    }
  }

  async commitWithEvents(batch: readonly StoreChange[], events: readonly EventChange[]): Promise<number> {
    await this.commit(batch);
    return await this.appendEvents(events);
  }

  /** A kind of which there is none is absent, as on disk. */
  #removeDocument(kind: DocumentKind, id: string): void {
    const byId = this.#documents.get(kind);
    byId?.delete(id);
    if (byId?.size === 0) this.#documents.delete(kind);
  }

  async setting(name: string): Promise<string | undefined> {
    return this.#settings.get(name);
  }

  async document<K extends DocumentKind>(kind: K, id: string): Promise<StoredDocuments[K] | undefined> {
    return this.#documents.get(kind)?.get(id) as StoredDocuments[K] | undefined;
  }

  async appendEvents(batch: readonly EventChange[]): Promise<number> {
    for (const change of batch) {
      if ('forget' in change) this.#events = this.#events.filter(({ owner }) => !isSame(owner, change.forget));
      else {
        const { throttle: _, ...event } = change.add.event;
        this.#lastEvent += 1;
        this.#events.push({ owner: change.add.owner, entry: { sequence: this.#lastEvent, at: change.add.at, event } });
      }
    }
    return this.#lastEvent;
  }

  async events(query: EventQuery): Promise<EventPage> {
    const matching = this.#events
      .filter(({ owner }) => query.owners?.some((each) => isSame(each, owner)) ?? true)
      .map(({ entry }) => entry)
      .filter((entry) => entry.sequence > query.after && passesFilters(entry.event, query));
    const entries = matching.slice(0, query.limit);
    const upTo =
      entries.length === matching.length
        ? Math.max(query.after, this.#lastEvent)
        : (entries.at(-1)?.sequence ?? query.after);
    return { entries, upTo, last: this.#lastEvent };
  }

  async sequenceBefore(at: number): Promise<number> {
    return this.#events.findLast(({ entry }) => entry.at < at)?.entry.sequence ?? 0;
  }

  async close(): Promise<void> {}
}

/** The store's broken fake: whatever it is asked, it refuses with `error`. */
export class BrokenStore implements Store {
  readonly #error: Error;

  constructor(error: Error) {
    this.#error = error;
  }

  load(): Promise<StoreSnapshot> {
    return Promise.reject(this.#error);
  }

  commit(): Promise<void> {
    return Promise.reject(this.#error);
  }

  commitWithEvents(): Promise<number> {
    return Promise.reject(this.#error);
  }

  setting(): Promise<string | undefined> {
    return Promise.reject(this.#error);
  }

  document(): Promise<undefined> {
    return Promise.reject(this.#error);
  }

  appendEvents(): Promise<number> {
    return Promise.reject(this.#error);
  }

  events(): Promise<EventPage> {
    return Promise.reject(this.#error);
  }

  sequenceBefore(): Promise<number> {
    return Promise.reject(this.#error);
  }

  async close(): Promise<void> {}
}

function isSame(one: EventOwner, other: EventOwner): boolean {
  return one.kind === other.kind && one.name === other.name;
}
