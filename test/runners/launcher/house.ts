import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createDetachedLauncher } from '../../../src/runners/launcher/detached-launcher.ts';
import {
  type OrderedStep,
  RUN_FILES,
  type RunEnd,
  type RunOrder,
  readRecord,
  writeAtomically,
} from '../../../src/runners/launcher/run-folder.ts';
import { RUN_MARK } from '../../../src/runners/launcher/run-mark.ts';
import { segmentsOf } from '../../../src/runners/launcher/segmented-log.ts';

export interface TestRun {
  readonly id: string;
  readonly folder: string;
}

/** A run's folder with an order in it; removed after the test. */
export function ordered(
  t: TestContext,
  steps: readonly (Partial<OrderedStep> & Pick<OrderedStep, 'argv'>)[],
  order: Partial<RunOrder> = {},
): TestRun {
  const parent = mkdtempSync(join(tmpdir(), 'podboot-run-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const id = `run-test-${parent.slice(-6)}`;
  const folder = join(parent, id);
  mkdirSync(folder, { mode: 0o700 });
  writeAtomically(folder, RUN_FILES.order, {
    id,
    steps: steps.map((step, index) => ({
      name: `step ${index}`,
      ...step,
      env: { PATH: process.env.PATH ?? '', [RUN_MARK]: id, ...step.env },
    })),
    inactivityMs: 60_000,
    logHeadBytes: 4 * 1024 * 1024,
    logTailBytes: 4 * 1024 * 1024,
    stop: { interruptMs: 1_000, terminateMs: 500 },
    ...order,
  } satisfies RunOrder);
  return { id, folder };
}

export async function launched(run: TestRun): Promise<TestRun> {
  await createDetachedLauncher().launch(run.id, run.folder);
  return run;
}

export async function until<T>(what: string, look: () => T | undefined, deadlineMs = 15_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`no ${what} within ${deadlineMs} ms`);
    await pause(20);
  }
}

export function ended(run: TestRun, deadlineMs?: number): Promise<RunEnd> {
  return until('end of the run', () => readRecord<RunEnd>(run.folder, RUN_FILES.end), deadlineMs);
}

/** What is kept of its log. */
export function logOf(run: TestRun): Buffer {
  return Buffer.concat(segmentsOf(join(run.folder, RUN_FILES.log)).map(({ path }) => readFileSync(path)));
}
