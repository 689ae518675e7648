import type { Logger } from 'pino';
import { InvalidInput, PodbootError, type Problem } from '../domain/errors.ts';

/** A problem as one line: file and line, path, what is wrong. */
function lineOf(file: string, problem: Problem): string {
  const place = problem.line === undefined ? file : `${file}:${problem.line}`;
  return problem.path === '' ? `${place}  ${problem.message}` : `${place}  ${problem.path}  ${problem.message}`;
}

export function tellWarnings(logger: Logger, file: string, warnings: readonly Problem[]): void {
  for (const warning of warnings) logger.warn({ type: 'config.warning', mend: warning.mend }, lineOf(file, warning));
}

/** Why a file was not taken up: each of its problems, and that nothing changed. */
export function tellRefusedReload(logger: Logger, file: string, error: unknown): void {
  if (error instanceof InvalidInput) {
    for (const problem of error.problems) {
      logger.error({ type: 'config.problem', mend: problem.mend }, lineOf(file, problem));
    }
  }
  const mend = error instanceof PodbootError ? error.mend : undefined;
  const why = error instanceof Error ? error.message : String(error);
  logger.error({ type: 'config.refused', mend }, `${why}; the old configuration stays in force`);
}
