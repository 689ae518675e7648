import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end and returns what it said, whatever its exit code. For quick ones: it blocks. */
export function run(argv: readonly string[], options: { input?: string; timeoutMs?: number } = {}): Finished {
  const [command, ...rest] = argv as [string, ...string[]];
  const result = spawnSync(command, rest, {
    encoding: 'utf8',
    timeout: options.timeoutMs ?? 60_000,
    maxBuffer: 64 << 20,
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  if (result.error !== undefined)
    throw new Error(`${argv.join(' ')}: ${result.error.message}`, { cause: result.error });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** Like `run`; throws where the command fails. */
export function must(argv: readonly string[], options: { input?: string; timeoutMs?: number } = {}): string {
  const result = run(argv, options);
  if (result.code !== 0)
    throw new Error(`${argv.join(' ')} ended with ${result.code}: ${result.stderr}${result.stdout}`);
  return result.stdout;
}

/** A command in the background, with everything that it said so far. */
export class Background {
  readonly argv: readonly string[];
  readonly #child: ChildProcess;
  #output = '';
  #exit: { code: number | null } | undefined;
  readonly exited: Promise<number | null>;

  constructor(argv: readonly string[], options: SpawnOptions = {}) {
    this.argv = argv;
    const [command, ...rest] = argv as [string, ...string[]];
    this.#child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.#output += `${error.message}\n`;
        this.#exit = { code: null };
        resolve(null);
      });
      this.#child.on('close', (code) => {
        this.#exit = { code };
        resolve(code);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#exit === undefined;
  }

  /** On its standard input, which has to be a pipe. */
  tell(text: string): void {
    if (this.#child.stdin === null) throw new Error(`${this.argv[0]} has no standard input`);
    this.#child.stdin.write(text);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves when it has said so; throws when it ends first or the time is over. */
  async said(pattern: RegExp, timeoutMs = 10_000): Promise<void> {
    await until(
      () => {
        if (pattern.test(this.#output)) return true;
        if (!this.running) throw new Error(`${this.argv.join(' ')} ended before it said ${pattern}:\n${this.#output}`);
        return false;
      },
      { what: `${this.argv[0]} says ${pattern}`, timeoutMs, evidence: () => this.#output },
    );
  }

  /** SIGTERM, and SIGKILL if that does not end it. Returns its exit code. */
  async stop(graceMs = 5_000): Promise<number | null> {
    if (!this.running) return this.exited;
    this.signal('SIGTERM');
    const killer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(killer);
    }
  }
}

/** Waits for what can only be polled (another process's doing). The test fails with `what` and the evidence. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  options: { what: string; timeoutMs?: number; everyMs?: number; evidence?: () => string },
): Promise<void> {
  const deadline = performance.now() + (options.timeoutMs ?? 10_000);
  for (;;) {
    if (await condition()) return;
    if (performance.now() > deadline) {
      const evidence = options.evidence?.() ?? '';
      throw new Error(`not in ${options.timeoutMs ?? 10_000} ms: ${options.what}\n${evidence.slice(-4000)}`);
    }
    await pause(options.everyMs ?? 20);
  }
}

/** Real time passing, for tests of real programs. */
export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}
