import type { BootEvent } from '../domain/events.ts';
import type { Clock } from '../domain/ports.ts';

export type ThrottleVerdict =
  | { readonly tell: false }
  /** `heldBack`: how many like it were not told since the last one that was. */
  | { readonly tell: true; readonly heldBack: number };

export interface Throttle {
  judge(event: BootEvent): ThrottleVerdict;
}

interface Window {
  toldAt: number;
  heldBack: number;
}

/** Of one type and all strangers, whatever the keys: who makes up a MAC address for each packet makes up a key too. */
interface TypeBudget {
  startedAt: number;
  told: number;
  heldBack: number;
}

const WINDOW_MS = 1_000;
const MAX_PER_TYPE = 20;
const MAX_KEYS = 1_024;

const TELL: ThrottleVerdict = { tell: true, heldBack: 0 };
const HOLD: ThrottleVerdict = { tell: false };

/**
 * Events with a `throttle` key: one a second of each type and key, and of strangers 20 a second of each type, as nobody
 * knows how many there are. The others are told.
 * What is held back is counted, and the count is told with the next event of the key, or of the type.
 */
export function createThrottle(clock: Clock): Throttle {
  const windows = new Map<string, Window>();
  const budgets = new Map<string, TypeBudget>();

  function budgetOf(type: string, now: number): TypeBudget {
    const known = budgets.get(type);
    if (known !== undefined) {
      if (now - known.startedAt >= WINDOW_MS) Object.assign(known, { startedAt: now, told: 0 });
      return known;
    }
    const budget = { startedAt: now, told: 0, heldBack: 0 };
    // Types are few and ours; the bound holds even if one day they were not.
    if (budgets.size < MAX_KEYS) budgets.set(type, budget);
    return budget;
  }

  function forgetOver(now: number): void {
    for (const [key, window] of windows) {
      if (now - window.toldAt >= WINDOW_MS && window.heldBack === 0) windows.delete(key);
    }
    // Still full of keys that wait to tell a count: their counts are lost one by one, oldest first.
    for (const [key] of windows) {
      if (windows.size < MAX_KEYS) return;
      windows.delete(key);
    }
  }

  return {
    judge(event) {
      if (event.throttle === undefined) return TELL;
      const now = clock.monotonic();
      const key = `${event.type} ${event.throttle}`;
      const window = windows.get(key);
      if (window !== undefined && now - window.toldAt < WINDOW_MS) {
        window.heldBack += 1;
        return HOLD;
      }
      let heldBack = window?.heldBack ?? 0;
      // Hundreds of nodes that are powered on together take the same step in the same second: each has its line.
      if (event.subject.nodeId === undefined) {
        const budget = budgetOf(event.type, now);
        if (budget.told >= MAX_PER_TYPE) {
          budget.heldBack += 1;
          return HOLD;
        }
        budget.told += 1;
        heldBack += budget.heldBack;
        budget.heldBack = 0;
      }
      windows.delete(key);
      if (windows.size >= MAX_KEYS) forgetOver(now);
      windows.set(key, { toldAt: now, heldBack: 0 });
      return heldBack === 0 ? TELL : { tell: true, heldBack };
    },
  };
}
