import { chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { type Flat, LEASE_FIELDS, Op } from './batch-codec.ts';
import { EventTable } from './event-table.ts';
import { LATEST_VERSION, MIGRATIONS, type Migration, pendingMigrations } from './migrations.ts';
import { createPrivateFile, lockProcess, type ProcessLock, StoreLocked } from './process-lock.ts';
import { NEWER_STORE, OLDER_STORE } from './store-errors.ts';

/**
 * `daemon`: alone, refused while another one has it. `tool`: beside a daemon that runs, if need be; then it never
 * changes the store's shape under that daemon.
 */
export type StoreAccess = 'daemon' | 'tool';

export interface SqliteFileOptions {
  readonly dataDir: string;
  readonly access: StoreAccess;
  /** How long a write waits for another process's. */
  readonly busyTimeoutMs: number;
  readonly migrations?: readonly Migration[];
}

/** `code` tells NEWER_STORE and OLDER_STORE apart. */
class WrongVersion extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const COLUMNS = 'address, key, state, mac, client_id, node_id, hostname, reservation, starts_at, expires_at';

const PUT_LEASE = `
  INSERT INTO lease (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (address) DO UPDATE SET
    key = excluded.key, state = excluded.state, mac = excluded.mac, client_id = excluded.client_id,
    node_id = excluded.node_id, hostname = excluded.hostname, reservation = excluded.reservation,
    starts_at = excluded.starts_at, expires_at = excluded.expires_at`;

/** The store's file, synchronous: it lives in the worker thread, where a slow disk stalls nobody. */
export class SqliteFile {
  readonly #database: Database.Database;
  readonly #lock: ProcessLock | undefined;
  /** By operation: how many operands follow it, and what is done with them. */
  readonly #operations: readonly { readonly operands: number; readonly statement: Database.Statement<unknown[]> }[];
  readonly events: EventTable;
  readonly #begin: Database.Statement<unknown[]>;
  readonly #commit: Database.Statement<unknown[]>;

  /** @throws errors with a `code` that store-errors.ts explains */
  constructor(options: SqliteFileOptions) {
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    this.#lock = takeLock(options);
    try {
      this.#database = openDatabase(options, this.#lock !== undefined);
    } catch (error) {
      this.#lock?.release();
      throw error;
    }
    const prepare = (sql: string) => this.#database.prepare<unknown[]>(sql);
    this.#operations = [];
    const operations = [];
    operations[Op.PUT_LEASE] = { operands: LEASE_FIELDS, statement: prepare(PUT_LEASE) };
    operations[Op.REMOVE_LEASE] = { operands: 1, statement: prepare('DELETE FROM lease WHERE address = ?') };
    operations[Op.PUT_NODE] = {
      operands: 2,
      statement: prepare('INSERT INTO node VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET document = excluded.document'),
    };
    operations[Op.REMOVE_NODE] = { operands: 1, statement: prepare('DELETE FROM node WHERE id = ?') };
    operations[Op.PUT_SETTING] = {
      operands: 2,
      statement: prepare('INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value'),
    };
    operations[Op.PUT_DOCUMENT] = {
      operands: 3,
      statement: prepare(
        'INSERT INTO document VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document',
      ),
    };
    operations[Op.REMOVE_DOCUMENT] = {
      operands: 2,
      statement: prepare('DELETE FROM document WHERE kind = ? AND id = ?'),
    };
    this.#operations = operations;
    // IMMEDIATE: a transaction that starts as a reader and turns writer does not wait for another process, it fails.
    this.#begin = prepare('BEGIN IMMEDIATE');
    this.#commit = prepare('COMMIT');
    this.events = new EventTable(this.#database);
    if (options.access === 'daemon') this.events.forgetOrphans();
  }

  /** All of it or nothing, on disk when it returns. */
  commit(batch: Flat): void {
    this.#inTransaction(() => this.#carryOut(batch));
  }

  /** All of both or nothing, on disk when it returns. @returns the number of the last event */
  commitWithEvents(batch: Flat, events: Flat): number {
    try {
      return this.#inTransaction(() => {
        this.#carryOut(batch);
        return this.events.appendWithin(events);
      });
    } catch (error) {
      this.events.recount();
      throw error;
    }
  }

  #carryOut(batch: Flat): void {
    let at = 0;
    while (at < batch.length) {
      const operation = this.#operations[batch[at] as number];
      if (operation === undefined) throw new Error(`No store operation has the number ${batch[at]}.`);
      operation.statement.run(batch.slice(at + 1, at + 1 + operation.operands));
      at += 1 + operation.operands;
    }
  }

  #inTransaction<T>(act: () => T): T {
    this.#begin.run();
    try {
      const result = act();
      this.#commit.run();
      return result;
    } catch (error) {
      // A full disk has rolled back already.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Leases in pieces of `pieceRows`, so that no thread holds them all twice. */
  *leases(pieceRows: number): Generator<Flat> {
    yield* pieces(this.#database.prepare(`SELECT ${COLUMNS} FROM lease`).raw().iterate(), pieceRows);
  }

  *nodes(pieceRows: number): Generator<Flat> {
    yield* pieces(this.#database.prepare('SELECT document FROM node').raw().iterate(), pieceRows);
  }

  /** Kind, document, kind, document … */
  *documents(pieceRows: number): Generator<Flat> {
    yield* pieces(this.#database.prepare('SELECT kind, document FROM document').raw().iterate(), pieceRows);
  }

  /** Name, value, name, value … */
  settings(): Flat {
    return (this.#database.prepare('SELECT name, value FROM setting').raw().all() as Flat[]).flat();
  }

  setting(name: string): string | undefined {
    return this.#database.prepare('SELECT value FROM setting WHERE name = ?').pluck().get(name) as string | undefined;
  }

  document(kind: string, id: string): string | undefined {
    const statement = this.#database.prepare('SELECT document FROM document WHERE kind = ? AND id = ?');
    return statement.pluck().get(kind, id) as string | undefined;
  }

  close(): void {
    this.#database.close();
    this.#lock?.release();
  }
}

function* pieces(rows: IterableIterator<unknown>, pieceRows: number): Generator<Flat> {
  let piece: Flat = [];
  let count = 0;
  for (const row of rows as IterableIterator<Flat>) {
    for (const value of row) piece.push(value);
    count += 1;
    if (count % pieceRows === 0) {
      yield piece;
      piece = [];
    }
  }
  if (piece.length > 0) yield piece;
}

function takeLock(options: SqliteFileOptions): ProcessLock | undefined {
  try {
    return lockProcess(options.dataDir, options.busyTimeoutMs);
  } catch (error) {
    if (options.access === 'tool' && error instanceof StoreLocked) return undefined;
    throw error;
  }
}

function openDatabase(options: SqliteFileOptions, alone: boolean): Database.Database {
  const file = join(options.dataDir, 'podboot.sqlite3');
  createPrivateFile(file);
  giveToOwner(options.dataDir, ['podboot.sqlite3', 'podboot.lock', ...(alone ? ['podboot.pid'] : [])]);
  const database = new Database(file, { timeout: options.busyTimeoutMs });
  try {
    database.pragma('journal_mode = WAL');
    // In WAL mode NORMAL would not sync at a commit: a power cut would lose leases that were acknowledged.
    database.pragma('synchronous = FULL');
    database.pragma('trusted_schema = OFF');
    database.pragma('cache_size = -4000');
    // A burst of leases may grow the log; it shrinks again at the next checkpoint.
    database.pragma('journal_size_limit = 16777216');
    checkTables(database);
    migrate(database, options.migrations ?? MIGRATIONS, alone);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Table by table without the events: they may be hundreds of megabytes, and no start should wait for them or fail by them. */
function checkTables(database: Database.Database): void {
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'event%'`);
  for (const name of tables.pluck().all() as string[]) {
    if (database.pragma(`quick_check("${name}")`, { simple: true }) !== 'ok') throw damaged();
  }
}

function damaged(): Error {
  return new Database.SqliteError('The check of its structure failed.', 'SQLITE_CORRUPT');
}

/** root runs `podboot token new` on a store that belongs to podboot's user: what it makes there must be that user's. */
function giveToOwner(dataDir: string, files: readonly string[]): void {
  if (process.geteuid?.() !== 0) return;
  const owner = statSync(dataDir);
  for (const path of files.map((file) => join(dataDir, file))) {
    if (existsSync(path)) chownSync(path, owner.uid, owner.gid);
  }
}

function migrate(database: Database.Database, migrations: readonly Migration[], alone: boolean): void {
  const version = database.pragma('user_version', { simple: true }) as number;
  const pending = pendingMigrations(version, migrations);
  if (pending === undefined) {
    throw new WrongVersion(
      NEWER_STORE,
      `its version is ${version}, this one knows ${migrations.at(-1)?.version ?? LATEST_VERSION}`,
    );
  }
  if (pending.length > 0 && !alone) throw new WrongVersion(OLDER_STORE, '');
  for (const migration of pending) {
    database.transaction(() => {
      database.exec(migration.sql);
      database.pragma(`user_version = ${migration.version}`);
    })();
  }
}
