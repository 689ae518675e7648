import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { identityOf } from './process-identity.ts';
import {
  createOnce,
  type EndedStep,
  eventsFile,
  RUN_FILES,
  type RunEnd,
  type RunOrder,
  readRecord,
  type StopRequest,
  writeAtomically,
} from './run-folder.ts';
import { runMark } from './run-mark.ts';
import { SegmentedLog } from './segmented-log.ts';
import { StepProcess } from './step-process.ts';

/** As much as all of our own records take. */
const RESERVE_BYTES = 64 * 1024;
const LOOK_MS = 1_000;
/** A disk that is full may be freed by somebody. */
const END_TRIES = 60;

/**
 * The program that carries a run: `node wrapper.ts FOLDER`. It is a session of its own, so the daemon's end is not its end,
 * and it says everything by files in the run's folder. It claims the folder first: an order is carried out once.
 */
async function main(folder: string): Promise<void> {
  const order = readRecord<RunOrder>(folder, RUN_FILES.order);
  const self = identityOf(process.pid);
  if (order === undefined || self === undefined) throw new Error(`${folder} holds no order`);
  const run = new Run(folder, order);
  // Before the claim: from then on somebody may ask it to end.
  process.on('SIGTERM', () => run.look());
  // Meant for whoever started us, not for the run.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => undefined);
  if (!createOnce(folder, RUN_FILES.claim, self)) return;
  const watch = setInterval(() => run.look(), LOOK_MS);
  const end = await run.carryOut();
  clearInterval(watch);
  await putDown(folder, end);
}

class Run {
  readonly #folder: string;
  readonly #order: RunOrder;
  readonly #ended: EndedStep[] = [];
  #step: StepProcess | undefined;
  #stop: StopRequest | undefined;

  constructor(folder: string, order: RunOrder) {
    this.#folder = folder;
    this.#order = order;
  }

  /** Whether somebody wants it to end. */
  look(): void {
    this.#stop ??= readRecord<StopRequest>(this.#folder, RUN_FILES.stop);
    if (this.#stop !== undefined) this.#step?.stop('stopped');
  }

  async carryOut(): Promise<RunEnd> {
    try {
      writeFileSync(join(this.#folder, RUN_FILES.reserve), Buffer.alloc(RESERVE_BYTES, 1), { mode: 0o600 });
      mkdirSync(join(this.#folder, RUN_FILES.events), { recursive: true, mode: 0o700 });
      return await this.#carryOut();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return this.#end(/ENOSPC|EDQUOT/.test(reason) ? 'disk-full' : 'cannot-start', reason);
    }
  }

  async #carryOut(): Promise<RunEnd> {
    const { steps, logHeadBytes, logTailBytes } = this.#order;
    const log = new SegmentedLog(join(this.#folder, RUN_FILES.log), logHeadBytes, logTailBytes);
    for (const index of steps.keys()) {
      this.look();
      if (this.#stop !== undefined) return this.#end('stopped');
      const { ended, ending, reason } = await this.#runStep(index, log);
      this.#ended.push(ended);
      if (ending !== undefined) return this.#end(ending, reason);
      if (ended.exitCode !== 0) break;
    }
    log.close();
    return this.#end('done');
  }

  async #runStep(index: number, log: SegmentedLog) {
    const { id, steps, inactivityMs, stop } = this.#order;
    const step = steps[index];
    if (step === undefined) throw new RangeError(`no step ${index}`);
    if (steps.length > 1) log.write(Buffer.from(`== podboot: step ${index + 1} of ${steps.length}: ${step.name}\n`));
    this.#step = new StepProcess({
      ...{ step, index, log, inactivityMs, stop, mark: runMark(id) },
      eventsFile: eventsFile(this.#folder, index),
      onStarted: (mark) => writeAtomically(this.#folder, RUN_FILES.step, mark),
    });
    const outcome = await this.#step.run();
    this.#step = undefined;
    return outcome;
  }

  #end(ending: RunEnd['ending'], reason?: string): RunEnd {
    return {
      ending,
      steps: this.#ended,
      at: Date.now(),
      ...(ending === 'stopped' && this.#stop !== undefined ? { by: this.#stop.by } : {}),
      ...(reason === undefined ? {} : { reason }),
    };
  }
}

async function putDown(folder: string, end: RunEnd): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      rmSync(join(folder, RUN_FILES.reserve), { force: true });
      return writeAtomically(folder, RUN_FILES.end, end);
    } catch (error) {
      if (attempt >= END_TRIES) throw error;
    }
    await pause(LOOK_MS);
  }
}

await main(process.argv[2] ?? '');
