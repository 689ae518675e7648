import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { UnreadableMedium } from './medium.ts';

/** The kernel's nobody: a program that reads a stranger's image needs no rights, as the image is already open. */
const NOBODY = 65_534;
/** No byte for so long: the program hangs, or the disk does. */
const STALL_MS = 120_000;
const MAX_STDERR_BYTES = 4_096;

export interface ToolRun {
  /** Absolute path of the program, and its arguments: never a shell's line. */
  readonly argv: readonly string[];
  /** Open for reading: the program's standard input. */
  readonly input: number;
  /** Whether it can do without the right to open its input anew. */
  readonly asNobody: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Runs a program and hands its output over as it comes.
 * @param take resolves when it wants more
 * @throws UnreadableMedium with what the program said, where it does not end well; AbortError
 */
export async function runTool(run: ToolRun, take: (chunk: Buffer) => Promise<void>): Promise<void> {
  run.signal?.throwIfAborted();
  const [command = '', ...rest] = run.argv;
  const isRoot = process.getuid?.() === 0;
  const child = spawn(command, rest, {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: [run.input, 'pipe', 'pipe'],
    ...(isRoot && run.asNobody ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const ended = endOf(child);
  const stop = () => void child.kill('SIGKILL');
  run.signal?.addEventListener('abort', stop);
  const stall = new Stall(stop);
  try {
    for await (const chunk of child.stdout ?? []) {
      stall.pause();
      await take(chunk as Buffer);
      stall.resume();
    }
    const { code, stderr, error } = await ended;
    run.signal?.throwIfAborted();
    if (stall.isOver) throw failed(command, `it gave nothing for ${STALL_MS / 1_000} s`);
    if (error !== undefined) throw failed(command, error.message);
    if (code !== 0) throw failed(command, lastWords(stderr) ?? `it ended with ${code}`);
  } finally {
    stall.end();
    run.signal?.removeEventListener('abort', stop);
    stop();
    await ended;
  }
}

/** Ends a program that gives nothing for too long; the time that we take ourselves does not count. */
class Stall {
  isOver = false;
  #sinceMs: number | undefined = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(stop: () => void) {
    this.#timer = setInterval(() => {
      if (this.#sinceMs === undefined || performance.now() - this.#sinceMs < STALL_MS) return;
      this.isOver = true;
      stop();
    }, 1_000);
  }

  pause(): void {
    this.#sinceMs = undefined;
  }

  resume(): void {
    this.#sinceMs = performance.now();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

interface End {
  readonly code: number | null;
  readonly stderr: string;
  readonly error?: Error;
}

function endOf(child: ChildProcess): Promise<End> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = `${stderr}${text}`.slice(-MAX_STDERR_BYTES);
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: null, stderr, error }));
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

/** What bsdtar and xorriso say first is what went wrong; what follows is that they give up. */
function lastWords(stderr: string): string | undefined {
  const lines = stderr.split('\n').map((line) => line.replace(/[^\x20-\x7e]/g, '').trim());
  const told = lines.filter((line) => /bsdtar: |FAILURE|SORRY|FATAL/.test(line) && !/exit delayed|aborting/.test(line));
  return told[0] ?? lines.findLast((line) => line !== '');
}

function failed(command: string, why: string): UnreadableMedium {
  const name = command.slice(command.lastIndexOf('/') + 1);
  return new UnreadableMedium(
    `${name} can't read it to its end: ${why}`,
    'It is damaged or cut short: download it again and compare its checksum with the one that its vendor publishes.',
  );
}

const USUAL_FOLDERS = ['/usr/bin', '/bin'];

/** Absolute path of a program in PATH or where Debian keeps them; undefined where it is not installed. */
export function findTool(
  name: string,
  path = process.env.PATH ?? '',
  usual: readonly string[] = USUAL_FOLDERS,
): string | undefined {
  const folders = [...path.split(delimiter), ...usual].filter((folder) => folder.startsWith('/'));
  return folders
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
