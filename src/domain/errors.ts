/**
 * Errors that people read. `code` is stable and for programs; `message` says what is wrong and where;
 * `mend` says what to do next. An edge (HTTP, CLI, log) translates them once.
 */
export class PodbootError extends Error {
  readonly code: string;
  readonly mend: string | undefined;

  constructor(code: string, message: string, options: { mend?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.mend = options.mend;
  }
}

/** One thing that is wrong with an input, at one place of it. */
export interface Problem {
  /** Where: a configuration path (`subnets.10.0.0.0/24.pools[0]`) or a JSON pointer of a request body. */
  readonly path: string;
  readonly message: string;
  /** What to do about it. */
  readonly mend?: string;
  /** 1-based line of the file, where there is one. */
  readonly line?: number;
  /** Heading of the column, in a table. */
  readonly column?: string;
}

/** An input that was refused as a whole: every problem of it at once; nothing was changed. */
export class InvalidInput extends PodbootError {
  readonly problems: readonly Problem[];

  constructor(message: string, problems: readonly Problem[], mend?: string) {
    super('invalid-input', message, mend === undefined ? {} : { mend });
    this.problems = problems;
  }
}

/** The named thing is not there. */
export class NotFound extends PodbootError {
  constructor(message: string, mend?: string) {
    super('not-found', message, mend === undefined ? {} : { mend });
  }
}

/** Another owner holds what was asked for (a MAC address, an address, a name, a version). */
export class Conflict extends PodbootError {
  readonly problems: readonly Problem[];

  /** @param code of a conflict that programs are to tell from others: `cluster-busy` */
  constructor(message: string, problems: readonly Problem[] = [], mend?: string, code = 'conflict') {
    super(code, message, mend === undefined ? {} : { mend });
    this.problems = problems;
  }
}

/** A request that names something outside of what may be served. */
export class AccessDenied extends PodbootError {
  constructor(message: string) {
    super('access-denied', message);
  }
}

/** The host refuses something that the daemon needs: a port in use, a capability, an interface, a disk. */
export class HostRefused extends PodbootError {
  constructor(message: string, mend: string, cause?: unknown) {
    super('host-refused', message, { mend, cause });
  }
}
