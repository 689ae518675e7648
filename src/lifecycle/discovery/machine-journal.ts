import type { InterfaceKey } from '../../domain/lease.ts';
import type { Clock, EventSink, StoreChange, Timer } from '../../domain/ports.ts';
import type { Entry, MachineTable } from './machine-table.ts';

const WRITE_EVERY_MS = 60_000;
/** The time of the last packet alone is written this seldom: after a restart it may be so old. */
const LAST_SEEN_MS = 15 * 60_000;
const BATCH_CHANGES = 500;

export interface JournalParts {
  readonly table: MachineTable;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
  /** Before each write: takes out what is no stranger any more. */
  readonly sweep: () => void;
}

/** Writes discovered machines: once a minute, in batches, and never one for each packet. */
export class MachineJournal {
  readonly #parts: JournalParts;
  readonly #removed = new Set<InterfaceKey>();
  #timer: Timer | undefined;
  #isStopped = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: JournalParts) {
    this.#parts = parts;
  }

  /** It is not in the table any more. What the store never had need not be taken out of it. */
  removed(entry: Entry): void {
    if (entry.savedAt !== undefined) this.#removed.add(entry.machine.key);
  }

  start(): void {
    if (this.#isStopped) return;
    this.#timer ??= this.#parts.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.write().then(() => this.start());
    }, WRITE_EVERY_MS);
  }

  async stop(): Promise<void> {
    // A write that is under way would set the timer again.
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.write();
  }

  /** What changed since the last time. Never rejects: what could not be written is tried again. */
  write(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    this.#parts.sweep();
    const removed = [...this.#removed].map((id) => ({ remove: 'document', kind: 'machine', id }) as const);
    this.#removed.clear();
    const due = [...this.#parts.table.entries()].filter(isDue);
    const changes: StoreChange[] = [...removed];
    const written: { entry: Entry; lastSeenAt: number }[] = [];
    for (const entry of due) {
      const document = { ...entry.machine };
      changes.push({ put: 'document', kind: 'machine', id: document.key, document });
      written.push({ entry, lastSeenAt: document.lastSeenAt });
      entry.changed = false;
    }
    try {
      for (let at = 0; at < changes.length; at += BATCH_CHANGES) {
        await this.#parts.commit(changes.slice(at, at + BATCH_CHANGES));
      }
      for (const { entry, lastSeenAt } of written) this.#saved(entry, lastSeenAt);
    } catch (error) {
      for (const { entry } of written) entry.changed = true;
      for (const { id } of removed) this.#removed.add(id);
      this.#tellFailed(error);
    }
  }

  #saved(entry: Entry, lastSeenAt: number): void {
    entry.savedAt = lastSeenAt;
    // It went while it was written.
    if (this.#parts.table.get(entry.machine.key) !== entry) this.removed(entry);
  }

  #tellFailed(error: unknown): void {
    this.#parts.events.emit({
      type: 'discovery.not-written',
      level: 'warn',
      subject: {},
      text: `discovered machines could not be written: ${error instanceof Error ? error.message : String(error)}`,
      mend: 'They are tried again every minute; look at the disk of dataDir (`df`).',
      throttle: 'journal',
    });
  }
}

function isDue({ machine, changed, savedAt }: Entry): boolean {
  return changed || savedAt === undefined || machine.lastSeenAt - savedAt >= LAST_SEEN_MS;
}
