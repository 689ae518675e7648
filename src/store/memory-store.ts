import type { Ipv4 } from '../domain/ipv4.ts';
import type { Lease } from '../domain/lease.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { DocumentKind, Store, StoreChange, StoredDocuments, StoreSnapshot } from '../domain/ports.ts';

/** The store's fake: keeps everything in memory, in the same order of things as the one on disk. */
export class MemoryStore implements Store {
  readonly #leases = new Map<Ipv4, Lease>();
  readonly #nodes = new Map<NodeId, Node>();
  readonly #settings = new Map<string, string>();
  readonly #documents: { readonly [K in DocumentKind]: Map<string, StoredDocuments[K]> } = {
    life: new Map(),
    grant: new Map(),
    machine: new Map(),
  };
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
      documents: {
        life: [...this.#documents.life.values()],
        grant: [...this.#documents.grant.values()],
        machine: [...this.#documents.machine.values()],
      },
    };
  }

  async commit(batch: readonly StoreChange[]): Promise<void> {
    this.batches.push(batch);
    for (const change of batch) {
      if ('remove' in change) {
        if (change.remove === 'lease') this.#leases.delete(change.address);
        else if (change.remove === 'node') this.#nodes.delete(change.id);
        else this.#documents[change.kind].delete(change.id);
      } else if (change.put === 'lease') this.#leases.set(change.lease.address, change.lease);
      else if (change.put === 'node') this.#nodes.set(change.node.id, change.node);
      else if (change.put === 'document') {
        (this.#documents[change.kind] as Map<string, unknown>).set(change.id, change.document);
      } else this.#settings.set(change.name, change.value);
    }
  }

  async setting(name: string): Promise<string | undefined> {
    return this.#settings.get(name);
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

  setting(): Promise<string | undefined> {
    return Promise.reject(this.#error);
  }

  async close(): Promise<void> {}
}
