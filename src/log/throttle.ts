import type { BootEvent } from '../domain/events.ts';
import type { Clock } from '../domain/ports.ts';

export type ThrottleVerdict =
  | { readonly tell: false }
  /** `heldBack`: how many like it were not told since the last one that was. */
  | { readonly tell: true; readonly heldBack: number };

/** The last event of a flood that ended without a next one to tell its count. */
export interface LateEvent {
  readonly event: BootEvent;
  /** How many like it were not told, beside this one. */
  readonly heldBack: number;
  readonly ageMs: number;
}

export interface Throttle {
  judge(event: BootEvent): ThrottleVerdict;
  /** What has to be told by now, each once. To be asked often: it looks once a second. */
  late(): readonly LateEvent[];
}

/** What was not told, and waits for an event that tells it. */
interface HeldBack {
  count: number;
  last: BootEvent;
  lastAt: number;
}

interface Window {
  readonly toldAt: number;
  held: HeldBack | undefined;
}

/** Of one type and all strangers, whatever the keys: who makes up a MAC address for each packet makes up a key too. */
interface TypeBudget {
  startedAt: number;
  told: number;
  held: HeldBack | undefined;
}

const WINDOW_MS = 1_000;
const MAX_PER_TYPE = 20;
const MAX_KEYS = 1_024;
/** So long after the last of them, nothing like it is expected any more. */
const LATE_MS = 5_000;
/** A second, of all types: a flood with many keys must not come back as a flood of counts. */
const MAX_LATE = 10;

const TELL: ThrottleVerdict = { tell: true, heldBack: 0 };
const HOLD: ThrottleVerdict = { tell: false };
const NOTHING_LATE: readonly LateEvent[] = [];

/**
 * Events with a `throttle` key: one a second of each type and key, and of strangers 20 a second of each type, as nobody
 * knows how many there are. The others are told.
 * What is held back is counted, and the count is told with the next event of the key, or of the type; where none comes,
 * the last one that was held back is told late, with the count of the others.
 */
export function createThrottle(clock: Clock): Throttle {
  const windows = new Map<string, Window>();
  const budgets = new Map<string, TypeBudget>();
  let lookedAt = clock.monotonic();

  function budgetOf(type: string, now: number): TypeBudget {
    const known = budgets.get(type);
    if (known !== undefined) {
      if (now - known.startedAt >= WINDOW_MS) Object.assign(known, { startedAt: now, told: 0 });
      return known;
    }
    const budget = { startedAt: now, told: 0, held: undefined };
    // Types are few and ours; the bound holds even if one day they were not.
    if (budgets.size < MAX_KEYS) budgets.set(type, budget);
    return budget;
  }

  function forgetOver(now: number): void {
    for (const [key, window] of windows) {
      if (now - window.toldAt >= WINDOW_MS && window.held === undefined) windows.delete(key);
    }
    // Still full of keys that wait to tell a count: their types tell it, oldest first.
    for (const [key, { held }] of windows) {
      if (windows.size < MAX_KEYS) return;
      windows.delete(key);
      if (held !== undefined) hold(budgetOf(held.last.type, now), held.last, held.lastAt, held.count);
    }
  }

  function takeOverdue(now: number): LateEvent[] {
    const overdue: LateEvent[] = [];
    for (const places of [budgets, windows]) {
      for (const place of places.values()) {
        if (overdue.length >= MAX_LATE) return overdue;
        const { held } = place;
        if (held === undefined || now - held.lastAt < LATE_MS) continue;
        place.held = undefined;
        overdue.push({ event: held.last, heldBack: held.count - 1, ageMs: now - held.lastAt });
      }
    }
    return overdue;
  }

  return {
    judge(event) {
      if (event.throttle === undefined) return TELL;
      const now = clock.monotonic();
      const key = `${event.type} ${event.throttle}`;
      const window = windows.get(key);
      if (window !== undefined && now - window.toldAt < WINDOW_MS) {
        hold(window, event, now);
        return HOLD;
      }
      let heldBack = window?.held?.count ?? 0;
      // Hundreds of nodes that are powered on together take the same step in the same second: each has its line.
      if (event.subject.nodeId === undefined) {
        const budget = budgetOf(event.type, now);
        if (budget.told >= MAX_PER_TYPE) {
          hold(budget, event, now);
          return HOLD;
        }
        budget.told += 1;
        heldBack += budget.held?.count ?? 0;
        budget.held = undefined;
      }
      windows.delete(key);
      if (windows.size >= MAX_KEYS) forgetOver(now);
      windows.set(key, { toldAt: now, held: undefined });
      return heldBack === 0 ? TELL : { tell: true, heldBack };
    },
    late() {
      const now = clock.monotonic();
      if (now - lookedAt < WINDOW_MS) return NOTHING_LATE;
      lookedAt = now;
      return takeOverdue(now);
    },
  };
}

function hold(place: { held: HeldBack | undefined }, event: BootEvent, now: number, count = 1): void {
  if (place.held === undefined) {
    place.held = { count, last: event, lastAt: now };
    return;
  }
  place.held.count += count;
  if (now < place.held.lastAt) return;
  place.held.last = event;
  place.held.lastAt = now;
}
