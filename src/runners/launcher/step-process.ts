import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { LastWords } from './last-words.ts';
import { LineLimiter } from './line-limiter.ts';
import { identityOf } from './process-identity.ts';
import type { EndedStep, OrderedStep, RunEnding, StepMark, StopTimes } from './run-folder.ts';
import type { SegmentedLog } from './segmented-log.ts';
import { stopGroup } from './stop-group.ts';

/** Longer lines are cut; a `setup` result of Ansible has hundreds of KiB. */
const MAX_LINE_BYTES = 64 * 1024;
/** A line without an end is shown after so long: a prompt, a progress bar. */
const SHOW_MS = 1_000;
/** Whoever holds the pipes after the step's own process has ended is not waited for any longer. */
const DRAIN_MS = 3_000;

export interface StepOptions {
  readonly step: OrderedStep;
  readonly index: number;
  readonly log: SegmentedLog;
  /** Absolute path; it grows as the step tells of hosts. */
  readonly eventsFile: string;
  readonly mark: string;
  readonly inactivityMs: number;
  readonly stop: StopTimes;
  /** Put down before anything else is waited for. */
  readonly onStarted: (mark: StepMark) => void;
}

export interface StepEnd {
  readonly ended: EndedStep;
  /** Why it was ended, where it did not end by itself. */
  readonly ending?: Exclude<RunEnding, 'done'>;
  readonly reason?: string;
}

/** One step of a run as a process group of its own, with its output in the log. */
export class StepProcess {
  readonly #options: StepOptions;
  readonly #startedAt = Date.now();
  readonly #words = { out: new LastWords(), err: new LastWords() };
  readonly #limiters: { readonly out: LineLimiter; readonly err: LineLimiter };
  #child: ChildProcess | undefined;
  #heardAtMs = performance.now();
  #eventBytes = 0;
  #ending: Exclude<RunEnding, 'done'> | undefined;
  #reason: string | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: StepOptions) {
    this.#options = options;
    this.#limiters = {
      out: new LineLimiter(MAX_LINE_BYTES, (line) => this.#write(line, this.#words.out)),
      err: new LineLimiter(MAX_LINE_BYTES, (line) => this.#write(line, this.#words.err)),
    };
  }

  async run(): Promise<StepEnd> {
    const { step, onStarted, index } = this.#options;
    const [program = '', ...rest] = step.argv;
    const child = spawn(program, rest, {
      cwd: step.cwd ?? '/',
      env: { ...step.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', (error) => {
        this.#end('cannot-start', error.message);
        resolve();
      });
    });
    const drained = new Promise<void>((resolve) => void child.once('close', () => resolve()));
    if (child.pid !== undefined) {
      const startTime = identityOf(child.pid)?.startTime ?? '';
      try {
        onStarted({ index, pid: child.pid, startTime, startedAt: this.#startedAt });
      } catch (error) {
        // Nobody could find it again.
        this.stop('disk-full', error instanceof Error ? error.message : String(error));
      }
    }
    child.stdout?.on('data', (chunk: Buffer) => this.#heard(chunk, this.#limiters.out));
    child.stderr?.on('data', (chunk: Buffer) => this.#heard(chunk, this.#limiters.err));
    const watch = setInterval(() => this.#look(), SHOW_MS);
    await exited;
    await Promise.race([drained, later(DRAIN_MS)]);
    clearInterval(watch);
    child.stdout?.destroy();
    child.stderr?.destroy();
    await this.#stopping;
    this.#limiters.out.flush();
    this.#limiters.err.flush();
    return this.#outcome(child);
  }

  /** Ends it in steps, the first reason counts. */
  stop(ending: Exclude<RunEnding, 'done'>, reason?: string): void {
    this.#end(ending, reason);
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    this.#stopping ??= stopGroup({ pid, mark: this.#options.mark }, this.#options.stop);
  }

  #end(ending: Exclude<RunEnding, 'done'>, reason?: string): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#reason = reason;
  }

  #heard(chunk: Buffer, limiter: LineLimiter): void {
    this.#heardAtMs = performance.now();
    limiter.push(chunk);
  }

  #look(): void {
    this.#limiters.out.flush();
    this.#limiters.err.flush();
    const size = statSync(this.#options.eventsFile, { throwIfNoEntry: false })?.size ?? 0;
    if (size !== this.#eventBytes) {
      this.#eventBytes = size;
      this.#heardAtMs = performance.now();
    }
    if (performance.now() - this.#heardAtMs > this.#options.inactivityMs) this.stop('inactive');
  }

  #write(line: Buffer, words: LastWords): void {
    words.push(line);
    if (this.#ending === 'disk-full') return;
    try {
      this.#options.log.write(line);
    } catch (error) {
      this.stop('disk-full', error instanceof Error ? error.message : String(error));
    }
  }

  #outcome(child: ChildProcess): StepEnd {
    const lastWords = this.#words.err.text === '' ? this.#words.out.text : this.#words.err.text;
    return {
      ended: {
        ...(child.exitCode === null || child.exitCode < 0 ? {} : { exitCode: child.exitCode }),
        ...(child.signalCode === null ? {} : { signal: child.signalCode }),
        ...(lastWords === '' ? {} : { lastWords }),
        startedAt: this.#startedAt,
        endedAt: Date.now(),
      },
      ...(this.#ending === undefined ? {} : { ending: this.#ending }),
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
    };
  }
}

function later(delayMs: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, delayMs).unref());
}
