import { Worker } from 'node:worker_threads';
import { HostRefused } from '../domain/errors.ts';
import type { Lease } from '../domain/lease.ts';
import type { Node } from '../domain/node.ts';
import type { DocumentKind, Store, StoreChange, StoredDocuments, StoreSnapshot } from '../domain/ports.ts';
import type { EventChange, EventPage, EventQuery } from '../domain/stored-event.ts';
import { Turns } from '../domain/turns.ts';
import { decodeDocuments, decodeLeases, decodeNodes, encodeBatch, type Flat } from './batch-codec.ts';
import { decodePage, encodeEvents } from './event-codec.ts';
import { type FileSystemFacts, fileSystemOf, refuseNetworkFileSystem } from './file-system.ts';
import type { SqliteFileOptions, StoreAccess } from './sqlite-file.ts';
import { explainFault } from './store-errors.ts';
import { OPENED, type StoreReply, type StoreRequest, type StoreValue } from './worker-protocol.ts';

export interface SqliteStoreOptions {
  /** Absolute path; made with mode 0700 where it is not there. */
  readonly dataDir: string;
  /** `daemon` unless told: alone. `tool`: also beside a daemon that runs. */
  readonly access?: StoreAccess;
  /** How long to wait for another process that writes or holds the store; 2,000 unless told. */
  readonly busyTimeoutMs?: number;
  /** What its folder is on; the kernel is asked unless told. */
  readonly fileSystemOf?: (path: string) => FileSystemFacts;
  /** Told of each commit as it begins; what it returns, of its end. */
  readonly onCommit?: () => (error?: unknown) => void;
  /** The thread ended by a fault of its own: nothing can be stored until a restart. Told once. */
  readonly onFailure?: (error: HostRefused) => void;
}

/** Requests that may wait for a stuck disk: more are refused, so that memory does not grow with the wait. */
const MAX_WAITING = 4_096;

interface Waiting {
  readonly resolve: (value: StoreValue) => void;
  readonly reject: (error: HostRefused) => void;
  readonly onPiece?: (kind: 'leases' | 'nodes' | 'documents' | 'settings', rows: Flat) => void;
}

/**
 * SQLite in a worker thread: the loop that answers packets never waits for a disk.
 *
 * @throws HostRefused with the mend: in use by another podboot, no permission, disk full, damaged, newer than this program,
 *   on a network file system
 */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  refuseNetworkFileSystem(options.dataDir, (options.fileSystemOf ?? fileSystemOf)(options.dataDir));
  const store = new SqliteStore(options);
  await store.opened;
  return store;
}

class SqliteStore implements Store {
  readonly opened: Promise<void>;
  readonly #dataDir: string;
  readonly #onCommit: SqliteStoreOptions['onCommit'];
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #reading = new Turns();
  #lastId = OPENED;
  /** Why nothing can be asked any more. */
  #ended: HostRefused | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SqliteStoreOptions) {
    this.#dataDir = options.dataDir;
    this.#onCommit = options.onCommit;
    const workerData: SqliteFileOptions = {
      dataDir: options.dataDir,
      access: options.access ?? 'daemon',
      busyTimeoutMs: options.busyTimeoutMs ?? 2_000,
    };
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      name: 'store',
      workerData,
      // It holds one batch, or one piece of a snapshot, at a time.
      resourceLimits: { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 },
    });
    this.opened = new Promise<void>((resolve, reject) => {
      const refuse = (error: HostRefused) => {
        this.#ended ??= error;
        reject(error);
      };
      this.#waiting.set(OPENED, { resolve: () => resolve(), reject: refuse });
    });
    this.#worker.on('message', (reply: StoreReply) => this.#take(reply));
    this.#worker.on('error', (error) => this.#end(error, options.onFailure));
    this.#worker.on('exit', () => this.#end(undefined, options.onFailure));
  }

  async load(): Promise<StoreSnapshot> {
    const leases: Lease[] = [];
    const nodes: Node[] = [];
    const settings = new Map<string, string>();
    const documents: StoreSnapshot['documents'] = {};
    await this.#ask((id) => [id, 'load'], {
      onPiece: (kind, rows) => {
        if (kind === 'leases') decodeLeases(rows, leases);
        else if (kind === 'nodes') decodeNodes(rows, nodes);
        else if (kind === 'documents') decodeDocuments(rows, documents);
        else for (let at = 0; at < rows.length; at += 2) settings.set(String(rows[at]), String(rows[at + 1]));
      },
    });
    return { leases, nodes, settings, documents };
  }

  async commit(batch: readonly StoreChange[]): Promise<void> {
    if (batch.length === 0) return;
    await this.#observed(() => this.#ask((id) => [id, 'commit', encodeBatch(batch)]));
  }

  async commitWithEvents(batch: readonly StoreChange[], events: readonly EventChange[]): Promise<number> {
    return (await this.#observed(() =>
      this.#ask((id) => [id, 'commit-with-events', encodeBatch(batch), encodeEvents(events)]),
    )) as number;
  }

  async setting(name: string): Promise<string | undefined> {
    return (await this.#ask((id) => [id, 'setting', name])) as string | undefined;
  }

  async document<K extends DocumentKind>(kind: K, id: string): Promise<StoredDocuments[K] | undefined> {
    const document = (await this.#ask((request) => [request, 'document', kind, id])) as string | undefined;
    return document === undefined ? undefined : (JSON.parse(document) as StoredDocuments[K]);
  }

  async appendEvents(batch: readonly EventChange[]): Promise<number> {
    return (await this.#ask((id) => [id, 'append', encodeEvents(batch)])) as number;
  }

  /** One at a time: a commit finds at most one page of them before it, however many ask. */
  events(query: EventQuery): Promise<EventPage> {
    return this.#reading.take(async () => decodePage((await this.#ask((id) => [id, 'events', query])) as Flat));
  }

  async sequenceBefore(at: number): Promise<number> {
    return (await this.#ask((id) => [id, 'sequence-before', at])) as number;
  }

  async #observed(commit: () => Promise<StoreValue>): Promise<StoreValue> {
    const ended = this.#onCommit?.();
    try {
      const value = await commit();
      ended?.();
      return value;
    } catch (error) {
      ended?.(error);
      throw error;
    }
  }

  /** After everything that was asked before. Once closed, also twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    const closed = this.#ask((id) => [id, 'close']);
    this.#ended = new HostRefused(`The store in ${this.#dataDir} is closed.`, 'Start podboot again.');
    await closed;
    await exited;
  }

  #ask(request: (id: number) => StoreRequest, options: Pick<Waiting, 'onPiece'> = {}): Promise<StoreValue> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.#waiting.size >= MAX_WAITING) {
      return Promise.reject(
        new HostRefused(
          `The disk under ${this.#dataDir} does not answer: ${MAX_WAITING} writes wait for it.`,
          'Look at the disk (dmesg, iostat -x 1); nothing is acknowledged that is not stored.',
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      this.#waiting.set(this.#lastId, { resolve, reject, ...options });
      this.#worker.postMessage(request(this.#lastId));
    });
  }

  #take(reply: StoreReply): void {
    const [id, kind] = reply;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    switch (kind) {
      case 'leases':
      case 'nodes':
      case 'documents':
      case 'settings':
        waiting.onPiece?.(kind, reply[2]);
        return;
      case 'done':
        this.#waiting.delete(id);
        waiting.resolve(reply[2]);
        return;
      case 'failed':
        this.#waiting.delete(id);
        waiting.reject(explainFault({ code: reply[2], message: reply[3] }, this.#dataDir));
    }
  }

  #end(cause: unknown, onFailure: SqliteStoreOptions['onFailure']): void {
    const expected = this.#ended !== undefined;
    this.#ended ??= new HostRefused(
      `The thread that keeps the store in ${this.#dataDir} ended${cause instanceof Error ? `: ${cause.message}` : ''}.`,
      'Restart podboot; nothing that was acknowledged is lost.',
      cause,
    );
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended);
    this.#waiting.clear();
    if (!expected) onFailure?.(this.#ended);
  }
}
