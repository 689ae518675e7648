import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What lies in the folder of a run, `<dataDir>/runs/<id>/` (0700; files 0600). */
export const RUN_FILES = {
  /** What is to be done: `RunOrder`. Written before the wrapper is started. */
  order: 'order.json',
  /** Whoever creates it may run the order, once and for ever: `ProcessIdentity` of the wrapper. */
  claim: 'claim.json',
  /** Which step is under way: `StepMark`. */
  step: 'step.json',
  /** Who asked for an end: `StopRequest`. */
  stop: 'stop.json',
  /** How it ended: `RunEnd`. Its presence is the end. */
  end: 'end.json',
  /** Space that is given back when the disk is full, so that the end can be written. */
  reserve: 'reserve',
  /** What its steps said, in segments. */
  log: 'log',
  /** What its steps told of hosts, a file a step: `events/0.jsonl`. */
  events: 'events',
} as const;

/** What is executed; all paths absolute. */
export interface OrderedStep {
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

export interface RunOrder {
  readonly id: string;
  readonly steps: readonly OrderedStep[];
  /** Without a byte of output or an event for so long, the step is stopped. */
  readonly inactivityMs: number;
  /** Of the log: so much of its beginning and so much of its end are kept. */
  readonly logHeadBytes: number;
  readonly logTailBytes: number;
  readonly stop: StopTimes;
}

/** How long each stage of a stop may take. */
export interface StopTimes {
  readonly interruptMs: number;
  readonly terminateMs: number;
}

export interface StepMark {
  readonly index: number;
  /** Leader of the step's process group and session. */
  readonly pid: number;
  readonly startTime: string;
  readonly startedAt: number;
}

export interface StopRequest {
  readonly by: string;
  readonly at: number;
}

/**
 * - `done`         every step was run, or one failed and the rest was not begun
 * - `stopped`      somebody asked for it
 * - `inactive`     nothing was heard of it for too long
 * - `disk-full`    its log could not be written
 * - `cannot-start` a step's program could not be started
 */
export type RunEnding = 'done' | 'stopped' | 'inactive' | 'disk-full' | 'cannot-start';

export interface RunEnd {
  readonly ending: RunEnding;
  /** Of those that were begun. */
  readonly steps: readonly EndedStep[];
  readonly at: number;
  /** Of `stopped`. */
  readonly by?: string;
  /** Of `disk-full` and `cannot-start`: what the system said. */
  readonly reason?: string;
}

export interface EndedStep {
  readonly exitCode?: number;
  readonly signal?: string;
  /** The last lines of its standard error, else of its output; bounded. */
  readonly lastWords?: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

export function eventsFile(folder: string, step: number): string {
  return join(folder, RUN_FILES.events, `${step}.jsonl`);
}

/** On disk, whole or not at all, when it returns. */
export function writeAtomically(folder: string, name: string, value: unknown): void {
  const temporary = join(folder, `.${name}.tmp`);
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(file, `${JSON.stringify(value)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, join(folder, name));
}

/** Undefined where it is not there, or is none of ours. */
export function readRecord<T extends object>(folder: string, name: string): T | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

/** Creates it with its content; false where it is there already: exactly one caller is told true. */
export function createOnce(folder: string, name: string, value: unknown): boolean {
  let file: number;
  try {
    file = openSync(join(folder, name), 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeFileSync(file, `${JSON.stringify(value)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return true;
}
