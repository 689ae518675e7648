import { fileURLToPath } from 'node:url';

/** What the masking program runs: written by the plan, a file of its run. Paths of the run begin with `{run}/`, as in a plan. */
export interface MaskedOrder {
  readonly argv: readonly string[];
  /** It is ended then. */
  readonly deadlineMs?: number;
  /** Source of a pattern that a line of its output has to fit. */
  readonly says?: string;
  readonly secrets: readonly { readonly name: string; readonly pattern: string }[];
  /** Beside the order: what was masked is added to it, 0600. */
  readonly secretsFile: string;
}

const SUFFIX = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const PROGRAM = fileURLToPath(new URL(`masked-step${SUFFIX}`, import.meta.url));

/** Of a step whose output holds secrets, has to say something, or has a deadline. @param orderFile path of its `MaskedOrder` */
export function maskedArgv(orderFile: string): string[] {
  return [process.execPath, '--max-old-space-size=64', PROGRAM, orderFile];
}

/** Exit codes of the program itself; the step's own otherwise. As timeout(1), and EX_PROTOCOL of sysexits. */
export const DEADLINE_EXIT = 124;
export const UNSAID_EXIT = 76;
