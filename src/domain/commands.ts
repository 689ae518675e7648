/** One program that is run to its end, for what it says. */
export interface CommandRequest {
  /** Program and arguments; no shell reads them, and no secret stands in them. */
  readonly argv: readonly string[];
  /** It is ended then, with all that it started. */
  readonly deadlineMs: number;
  /** Of standard output, and of standard error: what says more is ended. 256 KiB unless told. */
  readonly maxOutputBytes?: number;
  /** Given on standard input; nothing is unless told. */
  readonly input?: string;
  /** Added to a small fixed environment (PATH, HOME, LC_ALL=C). */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/**
 * How it ended.
 * - `exited`    by itself, with a code
 * - `killed`    by a signal that is not ours
 * - `late`      the deadline was over
 * - `too-much`  it said more than was allowed
 * - `aborted`   nobody wants it any more
 * - `not-run`   it could not be started
 */
export type CommandEnd = 'exited' | 'killed' | 'late' | 'too-much' | 'aborted' | 'not-run';

export interface CommandResult {
  readonly end: CommandEnd;
  /** Of `exited`. */
  readonly exitCode?: number;
  /** Of `killed` and `not-run`: `SIGSEGV`, `spawn sinfo ENOENT`. */
  readonly because?: string;
  /** UTF-8; what is none stands as U+FFFD. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs of this host; net/child-commands fulfils it. */
export interface Commands {
  /** Never rejects. */
  run(request: CommandRequest): Promise<CommandResult>;
}
