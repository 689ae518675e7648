import { type ChildProcess, spawn } from 'node:child_process';
import type { CommandEnd, CommandRequest, CommandResult, Commands } from '../domain/commands.ts';

const DEFAULT_OUTPUT_BYTES = 256 * 1024;
/** After SIGTERM: ssh needs a moment to end what it started for a bastion. */
const GRACE_MS = 1_000;

/** Programs of this host, each in a process group of its own, so that what it starts ends with it. */
export function createChildCommands(): Commands {
  return { run: (request) => runCommand(request) };
}

function runCommand(request: CommandRequest): Promise<CommandResult> {
  const [program = '', ...words] = request.argv;
  if (request.signal?.aborted === true) return Promise.resolve({ end: 'aborted', stdout: '', stderr: '' });
  return new Promise((resolve) => {
    let child: ChildProcess;
    try {
      child = spawn(program, words, {
        shell: false,
        cwd: '/',
        stdio: [request.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
        env: {
          PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
          HOME: process.env.HOME ?? '/',
          LC_ALL: 'C',
          ...request.env,
        },
        detached: true,
      });
    } catch (error) {
      // A NUL in a word, a list of words that is too long for the kernel.
      resolve({ end: 'not-run', because: (error as Error).message, stdout: '', stderr: '' });
      return;
    }
    const limitBytes = request.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES;
    const stdout = new BoundedText(limitBytes);
    const stderr = new BoundedText(limitBytes);
    let ended: CommandEnd | undefined;
    let killer: NodeJS.Timeout | undefined;
    const endIt = (why: CommandEnd) => {
      if (ended !== undefined) return;
      ended = why;
      signalGroup(child.pid, 'SIGTERM');
      killer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), GRACE_MS);
    };
    const deadline = setTimeout(() => endIt('late'), request.deadlineMs);
    const abort = () => endIt('aborted');
    request.signal?.addEventListener('abort', abort);
    const finish = (result: Omit<CommandResult, 'stdout' | 'stderr'>) => {
      clearTimeout(deadline);
      clearTimeout(killer);
      request.signal?.removeEventListener('abort', abort);
      // What it left in the background would go on with nobody to end it.
      signalGroup(child.pid, 'SIGKILL');
      resolve({ ...result, stdout: stdout.text(), stderr: stderr.text() });
    };
    child.stdout?.on('data', (chunk: Buffer) => stdout.add(chunk) || endIt('too-much'));
    child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk) || endIt('too-much'));
    // It may end without having read it.
    child.stdin?.on('error', () => {});
    child.stdin?.end(request.input);
    child.on('error', (error) => finish({ end: 'not-run', because: error.message }));
    // A process of another group may hold the pipes for ever: its end counts, and a moment for what it has said.
    child.on('exit', () => {
      killer ??= setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, GRACE_MS);
    });
    child.on('close', (code, signal) => {
      if (ended !== undefined) finish({ end: ended });
      else if (code !== null) finish({ end: 'exited', exitCode: code });
      else finish({ end: 'killed', because: signal ?? 'a signal' });
    });
  });
}

class BoundedText {
  readonly #limitBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** False where it does not fit; what fits is kept. */
  add(chunk: Buffer): boolean {
    const room = this.#limitBytes - this.#bytes;
    const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
    if (kept.length > 0) this.#chunks.push(kept);
    this.#bytes += kept.length;
    return kept.length === chunk.length;
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of it has ended.
  }
}
