import { Cron } from 'croner';
import { InvalidInput } from '../domain/errors.ts';
import type { JobWindow } from '../domain/power.ts';

/** @throws InvalidInput for what is no pattern or no time zone */
export function checkCron(pattern: string, timeZone: string | undefined, path: string): void {
  try {
    if (cron(pattern, timeZone).nextRun() !== null) return;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw refused(path, message);
  }
  throw refused(path, 'it never comes');
}

/** Milliseconds since 1970; undefined: never again. */
export function nextTime(pattern: string, timeZone: string | undefined, after: number): number | undefined {
  return cron(pattern, timeZone).nextRun(new Date(after))?.getTime();
}

/** How long until the window is open; 0: it is. Infinity: never again. */
export function untilOpen({ opens, lengthMs, timeZone }: JobWindow, now: number): number {
  const openedAt = nextTime(opens, timeZone, now - lengthMs);
  return openedAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, openedAt - now);
}

function cron(pattern: string, timeZone: string | undefined): Cron {
  return new Cron(pattern, { paused: true, ...(timeZone === undefined ? {} : { timezone: timeZone }) });
}

function refused(path: string, message: string): InvalidInput {
  const mend = 'Write minute, hour, day, month, weekday: 0 2 * * 6 is Saturday at two; time zones as Europe/Berlin.';
  return new InvalidInput('The time can’t be read; nothing was changed.', [{ path, message, mend }]);
}
