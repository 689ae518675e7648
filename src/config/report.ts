import { type ConfigPath, type Finding, fault } from './config-path.ts';
import { isMisfit, type Notation, readNotation } from './notation.ts';
import { durationNotation, formatDuration } from './notations.ts';

/** Where findings go while a file is read: reading goes on after each, so that all are told at once. */
export type Report = (finding: Finding) => void;

/** The value in its notation, or undefined after a finding. */
export function read<T>(notation: Notation<T>, value: unknown, path: ConfigPath, report: Report): T | undefined {
  const parsed = readNotation(notation, value);
  if (!isMisfit(parsed)) return parsed.value;
  report(fault(path, parsed.message ?? `must be ${notation.title}`, parsed.mend));
  return undefined;
}

export interface DurationLimits {
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** 0 has a meaning of its own, whatever the minimum. */
  readonly orZero?: boolean;
}

/** Seconds within the limits, or undefined after a finding. */
export function readDuration(
  value: unknown,
  path: ConfigPath,
  limits: DurationLimits,
  report: Report,
): number | undefined {
  const seconds = read(durationNotation, value, path, report);
  if (seconds === undefined || (seconds === 0 && limits.orZero === true)) return seconds;
  if (seconds >= limits.minSeconds && seconds <= limits.maxSeconds) return seconds;
  const bounds = `from ${formatDuration(limits.minSeconds)} to ${formatDuration(limits.maxSeconds)}`;
  report(fault(path, `must be ${bounds}${limits.orZero === true ? ', or 0' : ''}, is ${formatDuration(seconds)}`));
  return undefined;
}

/** The entries of a list that were not refused before, with their positions. */
export function* entriesOf<T>(list: readonly T[] | undefined): Generator<readonly [index: number, entry: T]> {
  for (const [index, entry] of (list ?? []).entries()) {
    if (entry !== undefined) yield [index, entry];
  }
}
