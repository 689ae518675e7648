import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** After SIGTERM: a daemon that has something to write to disk gets its time. */
const STOP_TIMEOUT_MS = 5_000;
/** Of what a child wrote, for the case that it fails. */
const REMEMBERED_LINES = 40;

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is alive, too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export interface ChildOptions {
  readonly argv: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Lines of standard output and standard error. */
  readonly onLine: (line: string) => void;
  /** It ended, and not by `stop`. */
  readonly onUnexpectedEnd: (how: string) => void;
}

/**
 * A process of the rehearsal. In a process group of its own: Ctrl-C reaches the supervisor alone, which then ends the
 * others in order. Its standard input is a lifeline: it closes when the supervisor dies, however it dies.
 */
export class Child {
  readonly #process: ChildProcess;
  readonly #lastLines: string[] = [];
  readonly #ended: Promise<string>;
  #stopping = false;

  constructor({ argv, env, onLine, onUnexpectedEnd }: ChildOptions) {
    const [command = '', ...rest] = argv;
    this.#process = spawn(command, rest, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    // The child may end before it has read anything.
    this.#process.stdin?.on('error', () => {});
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.#lastLines.push(line);
        if (this.#lastLines.length > REMEMBERED_LINES) this.#lastLines.shift();
        onLine(line);
      });
    }
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('close', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
    });
    void this.#ended.then((how) => {
      if (!this.#stopping) onUnexpectedEnd(how);
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#process.stdin?.end();
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }
}
