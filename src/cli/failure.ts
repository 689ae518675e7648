import { InvalidInput, PodbootError, type Problem } from '../domain/errors.ts';
import { printable } from './table.ts';

/** A file that was refused: its problems are told with its name. */
export class InvalidFile extends InvalidInput {
  readonly file: string;

  constructor(file: string, cause: InvalidInput) {
    super(cause.message, cause.problems, cause.mend);
    this.file = file;
  }
}

/**
 * `podboot.yaml:12  subnets.10.0.0.0/24.pools[0]` and what is wrong there, or `nodes.csv:12 column "MAC1": ` and what is
 * wrong in that cell; the mend on a line of its own.
 */
export function formatProblem(problem: Problem, file?: string): string {
  const { column, line } = problem;
  const mend = problem.mend === undefined ? '' : `\n    ${problem.mend}`;
  const place = file === undefined ? '' : line === undefined ? file : `${file}:${line}`;
  if (column !== undefined) return `${place} column "${printable(column)}": ${problem.message}${mend}`;
  const path = problem.path === '' ? '' : `${problem.path}  `;
  return `${place === '' ? '' : `${place}  `}${path}${problem.message}${mend}`;
}

/**
 * Tells a person on standard error why a command did not succeed.
 * Returns the exit code: 1 for what the user can mend, 70 (EX_SOFTWARE) for a fault of podboot, with its stack.
 */
export function reportFailure(error: unknown): number {
  if (!(error instanceof PodbootError)) {
    console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    console.error('This is a fault of podboot. Please report it with the lines above.');
    return 70;
  }
  console.error(`podboot: ${error.message}`);
  const problems = error instanceof InvalidInput ? error.problems : [];
  const file = error instanceof InvalidFile ? error.file : undefined;
  for (const problem of problems) console.error(`  ${formatProblem(problem, file)}`);
  if (error.mend !== undefined) console.error(`  ${error.mend}`);
  return 1;
}
