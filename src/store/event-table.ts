import type Database from 'better-sqlite3';
import type { EventLevel } from '../domain/events.ts';
import { type EventOwner, type EventQuery, passesFilters } from '../domain/stored-event.ts';
import type { Flat } from './batch-codec.ts';
import { ADD_OPERANDS, EVENT_COLUMNS, EventOp, FORGET_OPERANDS } from './event-codec.ts';
import { eventStatements } from './event-statements.ts';

/** How much of it is kept. An event takes some 400 bytes on disk. */
export interface EventLimits {
  /** Of one owner, by kind: the latest. */
  readonly perOwner: Readonly<Record<EventOwner['kind'], number>>;
  /** Of all strangers: who was silent for longest loses all of it. So who makes up MAC addresses takes nothing of a node. */
  readonly strangers: number;
  /** Of everybody: the oldest go. */
  readonly total: number;
}

export const EVENT_LIMITS: EventLimits = {
  perOwner: { node: 1_000, stranger: 100, daemon: 10_000 },
  strangers: 20_000,
  total: 1_000_000,
};

/** Rows that one query looks at before it lets a commit pass: some 4 ms. */
const SCAN_ROWS = 2_000;
/** Rows and owners that one batch removes at most: what it adds, and some more. */
const TRIM_ROWS = 1_000;
const TRIM_OWNERS = 300;
/** Owners whose counts are remembered; the rest are counted again when they return. */
const KNOWN_OWNERS = 10_000;

interface KnownOwner {
  readonly id: number;
  readonly kind: EventOwner['kind'];
  readonly name: string;
  count: number;
}

/** What happened, within the store's file and its thread. Counts are kept in memory, so that a batch counts nothing. */
export class EventTable {
  readonly #database: Database.Database;
  readonly #limits: EventLimits;
  readonly #known = new Map<string, KnownOwner>();
  readonly #byId = new Map<number, KnownOwner>();
  readonly #sql: ReturnType<typeof eventStatements>;
  #total = 0;
  #strangers = 0;

  constructor(database: Database.Database, limits: EventLimits = EVENT_LIMITS) {
    this.#database = database;
    this.#limits = limits;
    this.#sql = eventStatements(database);
    this.recount();
  }

  /** History of nodes that are gone: podboot ended between a node's removal and its history's. */
  forgetOrphans(): void {
    this.#inTransaction(() => {
      const gone = this.#sql.orphans.pluck().all() as string[];
      for (const name of gone) this.#forget({ kind: 'node', name });
    });
  }

  /** All of it or nothing. @returns the last number that was given */
  append(batch: Flat): number {
    return this.#inTransaction(() => this.appendWithin(batch));
  }

  /** As part of somebody else's transaction, who has it counted again where that fails. @returns the last number that was given */
  appendWithin(batch: Flat): number {
    const grown = new Set<KnownOwner>();
    let at = 0;
    while (at < batch.length) {
      const owner = { kind: batch[at + 1] as EventOwner['kind'], name: batch[at + 2] as string };
      if (batch[at] === EventOp.FORGET) {
        this.#forget(owner);
        at += 1 + FORGET_OPERANDS;
      } else {
        grown.add(this.#add(owner, batch.slice(at + 3, at + 1 + ADD_OPERANDS)));
        at += 1 + ADD_OPERANDS;
      }
    }
    const last = this.#last();
    for (const owner of grown) {
      if (owner.kind === 'stranger') this.#sql.touch.run(last, owner.id);
      this.#trimOwner(owner);
    }
    this.#trimStrangers();
    this.#trimTotal();
    return last;
  }

  /** After a transaction that came to nothing. */
  recount(): void {
    this.#known.clear();
    this.#byId.clear();
    this.#total = this.#sql.total.pluck().get() as number;
    this.#strangers = this.#sql.strangers.pluck().get() as number;
  }

  /** `upTo`, `last`, then the rows. */
  read(query: EventQuery): Flat {
    const last = this.#last();
    const owners = query.owners?.flatMap((owner) => this.#find(owner)?.id ?? []);
    const found: Flat = [];
    let upTo = query.after;
    let count = 0;
    let seen = 0;
    for (const row of owners?.length === 0 ? [] : this.#rows(query.after, owners)) {
      const [sequence, , type, level] = row as [number, number, string, EventLevel];
      upTo = sequence;
      seen += 1;
      if (passesFilters({ type, level }, query)) {
        found.push(...row);
        count += 1;
      }
      if (count >= query.limit || seen >= SCAN_ROWS) return [upTo, last, ...found];
    }
    return [Math.max(last, query.after), last, ...found];
  }

  /** By halves: times grow with the numbers, but for a clock that was set back. */
  sequenceBefore(at: number): number {
    let [low, high] = this.#sql.bounds.raw().get() as [number | null, number | null];
    if (low === null || high === null) return 0;
    const atOrBefore = this.#sql.atOrBefore.raw();
    let found = 0;
    while (low <= high) {
      const middle = Math.floor((low + high) / 2);
      const row = atOrBefore.get(middle) as [number, number] | undefined;
      if (row === undefined || row[1] < at) {
        found = row?.[0] ?? found;
        low = middle + 1;
      } else high = row[0] - 1;
    }
    return found;
  }

  #rows(after: number, owners: readonly number[] | undefined): IterableIterator<Flat> {
    // Without its word the planner might walk through everybody's events for those of one.
    const [from, where] =
      owners === undefined
        ? ['event', '']
        : ['event INDEXED BY event_of_owner', `AND owner IN (${owners.map(() => '?').join(', ')})`];
    return this.#database
      .prepare(`SELECT ${EVENT_COLUMNS} FROM ${from} WHERE sequence > ? ${where} ORDER BY sequence`)
      .raw()
      .iterate(after, ...(owners ?? [])) as IterableIterator<Flat>;
  }

  #add(owner: EventOwner, values: Flat): KnownOwner {
    const known = this.#find(owner) ?? this.#create(owner);
    this.#sql.add.run(known.id, ...values);
    this.#counted(known, 1);
    return known;
  }

  #forget(owner: EventOwner): void {
    const known = this.#find(owner);
    if (known === undefined) return;
    this.#counted(known, -this.#sql.forget.run(known.id).changes);
    this.#sql.removeOwner.run(known.id);
    this.#known.delete(keyOf(owner));
    this.#byId.delete(known.id);
  }

  #counted(owner: KnownOwner, change: number): void {
    owner.count += change;
    this.#total += change;
    if (owner.kind === 'stranger') this.#strangers += change;
  }

  /** By a tenth at a time: an owner at its bound would pay for it at each event. */
  #trimOwner(owner: KnownOwner): void {
    const limit = this.#limits.perOwner[owner.kind];
    if (owner.count <= limit + Math.ceil(limit / 10)) return;
    this.#counted(owner, -this.#sql.trimOwner.run(owner.id, Math.min(owner.count - limit, TRIM_ROWS)).changes);
  }

  #trimStrangers(): void {
    if (this.#strangers <= this.#limits.strangers) return;
    for (const name of this.#sql.mostSilent.pluck().all(TRIM_OWNERS) as string[]) {
      if (this.#strangers <= this.#limits.strangers) return;
      this.#forget({ kind: 'stranger', name });
    }
  }

  #trimTotal(): void {
    const surplus = Math.min(this.#total - this.#limits.total, TRIM_ROWS);
    if (surplus <= 0) return;
    for (const id of this.#sql.trimTotal.pluck().all(surplus) as number[]) {
      const owner = this.#byId.get(id);
      if (owner !== undefined) this.#counted(owner, -1);
      else {
        this.#total -= 1;
        if (this.#sql.kindOf.pluck().get(id) === 'stranger') this.#strangers -= 1;
      }
    }
  }

  #find(owner: EventOwner): KnownOwner | undefined {
    const known = this.#known.get(keyOf(owner));
    if (known !== undefined) return known;
    const id = this.#sql.findOwner.pluck().get(owner.kind, owner.name) as number | undefined;
    return id === undefined ? undefined : this.#remember(id, owner);
  }

  #create(owner: EventOwner): KnownOwner {
    const id = Number(this.#sql.createOwner.run(owner.kind, owner.name).lastInsertRowid);
    return this.#remember(id, owner);
  }

  #remember(id: number, owner: EventOwner): KnownOwner {
    if (this.#known.size >= KNOWN_OWNERS) this.#unlearn();
    const known = { id, ...owner, count: this.#sql.count.pluck().get(id) as number };
    this.#known.set(keyOf(owner), known);
    this.#byId.set(id, known);
    return known;
  }

  #unlearn(): void {
    this.#known.clear();
    this.#byId.clear();
  }

  #last(): number {
    return (this.#sql.last.pluck().get() as number | undefined) ?? 0;
  }

  #inTransaction<T>(act: () => T): T {
    // Not synced by itself: an fsync here would be waited for by the leases behind it. The write-ahead log keeps its order,
    // so the next lease's commit syncs it too.
    this.#database.pragma('synchronous = NORMAL');
    try {
      this.#sql.begin.run();
      const result = act();
      this.#sql.commit.run();
      return result;
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      this.recount();
      throw error;
    } finally {
      this.#database.pragma('synchronous = FULL');
    }
  }
}

function keyOf({ kind, name }: EventOwner): string {
  return `${kind} ${name}`;
}
