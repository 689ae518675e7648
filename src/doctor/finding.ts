/**
 * - `ok`      as it should be
 * - `note`    could not be found out, or good to know
 * - `warning` it works, and will hurt
 * - `trouble` machines will not boot
 */
export const LEVELS = ['ok', 'note', 'warning', 'trouble'] as const;
export type Level = (typeof LEVELS)[number];

/** What one check has found; each that is not `ok` has its mend, unless there is nothing to be done. */
export interface Finding {
  /** `ports`, `firewall`: one word, for programs and for the first column. */
  readonly check: string;
  readonly level: Level;
  readonly text: string;
  readonly mend?: string;
}

export function ok(check: string, text: string): Finding {
  return { check, level: 'ok', text };
}

export function finding(check: string, level: Exclude<Level, 'ok'>, text: string, mend?: string): Finding {
  return { check, level, text, ...(mend === undefined ? {} : { mend }) };
}

/** 0 where all is well or only worth a note, 1 for warnings, 2 for trouble. */
export function exitCode(findings: readonly Finding[]): number {
  if (findings.some(({ level }) => level === 'trouble')) return 2;
  return findings.some(({ level }) => level === 'warning') ? 1 : 0;
}
