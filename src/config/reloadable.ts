import type { Problem } from '../domain/errors.ts';
import type { Settings } from '../domain/settings.ts';

interface RestartOnly {
  readonly path: string;
  readonly of: (settings: Settings) => string;
  readonly why: string;
  /** What else has to be done, in front of `restart`. */
  readonly before?: string;
}

/** What is taken up once, at the start. Everything else changes with a reload. */
const RESTART_ONLY: readonly RestartOnly[] = [
  {
    path: 'dataDir',
    of: ({ dataDir }) => dataDir,
    why: 'the leases and nodes in use are kept there',
    before: 'move the data and ',
  },
  { path: 'log.format', of: ({ log }) => log.format, why: 'the log is open' },
];

/** What the new settings would change that a reload can't; empty: they may come into force. */
export function restartNeeded(current: Settings, next: Settings): Problem[] {
  return RESTART_ONLY.filter(({ of }) => of(current) !== of(next)).map(({ path, of, why, before = '' }) => ({
    path,
    message: `can't change from ${of(current)} to ${of(next)} while podboot runs: ${why}`,
    mend: `Write ${of(current)} again, or ${before}restart podboot.`,
  }));
}
