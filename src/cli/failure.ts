import { InvalidInput, PodbootError, type Problem } from '../domain/errors.ts';

/** `podboot.yaml:12  subnets.10.0.0.0/24.pools[0]` and what is wrong there, the mend on a line of its own. */
export function formatProblem(problem: Problem, file?: string): string {
  const place = file === undefined ? '' : problem.line === undefined ? `${file}  ` : `${file}:${problem.line}  `;
  const path = problem.path === '' ? '' : `${problem.path}  `;
  const mend = problem.mend === undefined ? '' : `\n    ${problem.mend}`;
  return `${place}${path}${problem.message}${mend}`;
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
  for (const problem of problems) console.error(`  ${formatProblem(problem)}`);
  if (error.mend !== undefined) console.error(`  ${error.mend}`);
  return 1;
}
