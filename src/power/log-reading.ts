import type { BmcLogEntry, LogControl } from '../bmc/driver.ts';

/** Where a reader of a BMC's log stands: as text `ID`, or `ID@ERASED` where it is known which log the id is of. */
export interface LogPosition {
  /** Of the last entry that is known; 0: none. */
  readonly id: number;
  /** When that log had been cleared last, by the BMC's clock. */
  readonly erasedSeconds?: number;
}

export interface LogReading {
  readonly entries: readonly BmcLogEntry[];
  readonly erasedSeconds?: number;
}

/**
 * What came after a position; all of it where the log was cleared since. When it was cleared is asked for first: a log
 * that is cleared in between is read whole the next time.
 *
 * @throws BmcError
 */
export async function readLog(
  log: LogControl,
  since: LogPosition,
  limit: number,
  deadlineMs: number,
): Promise<LogReading> {
  const erasedSeconds = await log.erasedSeconds?.(deadlineMs);
  if (erasedSeconds === undefined) return { entries: await log.read(since.id, limit, deadlineMs) };
  const wasCleared = since.erasedSeconds !== undefined && since.erasedSeconds !== erasedSeconds;
  return { entries: await log.read(wasCleared ? 0 : since.id, limit, deadlineMs), erasedSeconds };
}

/** Of a text that is `ID` or `ID@ERASED`. */
export function logPositionOf(text: string): LogPosition {
  const [id, erased] = text.split('@').map(Number);
  return { id: id ?? 0, ...(erased === undefined ? {} : { erasedSeconds: erased }) };
}

export function logPositionText({ id, erasedSeconds }: LogPosition): string {
  return erasedSeconds === undefined ? String(id) : `${id}@${erasedSeconds}`;
}
