import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';

export interface LogOutputOptions {
  /** What may wait for a slow reader; lines beyond it are lost and counted. */
  readonly maxWaitingBytes: number;
  /** How long a flush may take: at exit, or after a fatal error. */
  readonly flushTimeoutMs: number;
  /** The reader is back after `count` lines were lost. May write. */
  readonly onLost: (count: number) => void;
}

/** One write of this size at most: a reader that stalls holds up no more than one thread of libuv's pool. */
const CHUNK_BYTES = 64 * 1024;
const RETRY_MS = 50;
const IN_FLIGHT_MS = 100;

/**
 * Lines to a descriptor. Never waits for the reader: what it does not take at once waits up to a bound, then lines are
 * lost, and counted. Nothing of it throws; a log that fails must not end what it tells about.
 */
export class LogOutput {
  readonly #descriptor: number;
  readonly #options: LogOutputOptions;
  #waiting: string[] = [];
  #waitingBytes = 0;
  /** What the kernel is asked to take at the moment, or was busy for and is asked again soon. */
  #chunk: Buffer | undefined;
  #retry: NodeJS.Timeout | undefined;
  #lost = 0;
  #gone = false;

  constructor(descriptor: number, options: LogOutputOptions) {
    this.#descriptor = descriptor;
    this.#options = options;
  }

  /** Lines that were lost and not told yet. */
  get lost(): number {
    return this.#lost;
  }

  write(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#gone || this.#waitingBytes + bytes > this.#options.maxWaitingBytes) {
      this.#lost += 1;
      return;
    }
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    if (this.#chunk === undefined) this.#next();
  }

  /** pino's name for it. Gives up when the time is over: a reader that is stuck does not keep the process alive. */
  flush(done?: (error?: Error) => void): void {
    this.flushSync();
    done?.();
  }

  /** What is being written already is left to that write: to write it again might show it twice. */
  flushSync(): void {
    const deadline = performance.now() + this.#options.flushTimeoutMs;
    let rest = Buffer.from(this.#waiting.join(''));
    if (this.#retry !== undefined && this.#chunk !== undefined) {
      clearTimeout(this.#retry);
      this.#retry = undefined;
      rest = Buffer.concat([this.#chunk, rest]);
      this.#chunk = undefined;
    }
    this.#waiting = [];
    this.#waitingBytes = this.#chunk?.length ?? 0;
    // A thread is at it, and its end can't be seen from here: a busy machine needs a moment before the process may go.
    if (this.#chunk !== undefined && !this.#gone) pause(Math.min(IN_FLIGHT_MS, this.#options.flushTimeoutMs));
    while (rest.length > 0 && !this.#gone) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest));
      } catch (error) {
        if (!isBusy(error)) this.#gone = true;
        else if (performance.now() > deadline) return;
        else pause(10);
      }
    }
  }

  #next(): void {
    let bytes = 0;
    let lines = 0;
    for (const line of this.#waiting) {
      if (lines > 0 && bytes + line.length > CHUNK_BYTES) break;
      bytes += line.length;
      lines += 1;
    }
    if (lines === 0) return;
    this.#chunk = Buffer.from(this.#waiting.splice(0, lines).join(''));
    this.#attempt();
  }

  #attempt(): void {
    const chunk = this.#chunk as Buffer;
    this.#retry = undefined;
    write(this.#descriptor, chunk, (error, written) => {
      if (error !== null && isBusy(error)) {
        this.#retry = setTimeout(() => this.#attempt(), RETRY_MS).unref();
        return;
      }
      // A full disk may have room again for the next chunk; a pipe whose reader is gone never has.
      if (error?.code === 'EPIPE' || error?.code === 'EBADF') this.#gone = true;
      const taken = error === null ? written : chunk.length;
      this.#waitingBytes -= taken;
      if (taken < chunk.length) {
        this.#chunk = chunk.subarray(taken);
        this.#attempt();
        return;
      }
      this.#chunk = undefined;
      this.#tellLost();
      if (this.#chunk === undefined) this.#next();
    });
  }

  #tellLost(): void {
    if (this.#lost === 0 || this.#gone || this.#waitingBytes > this.#options.maxWaitingBytes / 2) return;
    const count = this.#lost;
    this.#lost = 0;
    this.#options.onLost(count);
  }
}

/**
 * Standard output without its power to stop us: a write to it fails with EAGAIN instead of waiting for the reader. A
 * thread of libuv's that is stuck in a blocking write would even keep the process from ending (they are joined at exit).
 *
 * A pipe or a terminal is opened again with O_NONBLOCK: to set that on the inherited descriptor would set it for the
 * shell and everybody else who has it. A socket (journald, a supervisor) can't be opened again, and belongs to us alone.
 * A file never waits for a reader.
 */
export function openStandardOutput(descriptor = 1): number {
  const stat = fstatSync(descriptor);
  if (stat.isSocket()) {
    // libuv sets O_NONBLOCK when it takes a descriptor over; nothing else is asked of this one.
    takenSockets.push(new Socket({ fd: descriptor, readable: false, writable: true }).unref());
    return descriptor;
  }
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return descriptor;
  try {
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // No /proc, or the pipe is another user's: the inherited descriptor serves too.
    return descriptor;
  }
}

/** Kept: a socket that is collected closes its descriptor. */
const takenSockets: Socket[] = [];

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY');
}

/** The event loop stands still meanwhile. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
