import { bootId, isAlive, type ProcessIdentity } from './process-identity.ts';
import { createOnce, RUN_FILES, type RunEnd, readRecord, type StepMark, type StopTimes } from './run-folder.ts';
import { runMark } from './run-mark.ts';
import { type Group, stopGroup, sweep } from './stop-group.ts';

/**
 * How a run stands, by what its folder and the kernel say.
 * - `ended`    its end is written
 * - `running`  its wrapper lives
 * - `starting` an order without anybody who claimed it yet
 * - `gone`     its wrapper lives no more and wrote no end: a power cut, a kill
 */
export type Standing =
  | { readonly kind: 'ended'; readonly end: RunEnd }
  | { readonly kind: 'running'; readonly wrapper: ProcessIdentity }
  | { readonly kind: 'starting' }
  | { readonly kind: 'gone' };

export function standingOf(folder: string): Standing {
  const claim = readRecord<ProcessIdentity>(folder, RUN_FILES.claim);
  const lives = claim !== undefined && isAlive(claim);
  // The end is read after the claim is judged: it may be written in between.
  const end = readRecord<RunEnd>(folder, RUN_FILES.end);
  if (end !== undefined) return { kind: 'ended', end };
  if (lives) return { kind: 'running', wrapper: claim };
  return claim === undefined ? { kind: 'starting' } : { kind: 'gone' };
}

/** Nobody may carry the order out from now on; false where somebody has begun to. */
export function forbidStart(folder: string): boolean {
  return createOnce(folder, RUN_FILES.claim, { pid: 0, startTime: '', bootId: '' });
}

/** What a wrapper that is gone left running: two runs at once would be the worst. */
export async function endOrphans(id: string, folder: string, times: StopTimes): Promise<void> {
  const step = readRecord<StepMark>(folder, RUN_FILES.step);
  const claim = readRecord<ProcessIdentity>(folder, RUN_FILES.claim);
  if (step === undefined || claim === undefined) return;
  const group: Group = { pid: step.pid, mark: runMark(id) };
  const leader = { pid: step.pid, startTime: step.startTime, bootId: claim.bootId };
  // Its number may be somebody else's by now: then only what carries the run's mark is ours.
  if (isAlive(leader)) await stopGroup(group, times);
  else if (leader.bootId === bootId()) await sweep(group.mark);
}
