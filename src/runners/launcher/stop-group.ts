import { setTimeout as pause } from 'node:timers/promises';
import { processesOf } from './process-identity.ts';
import type { StopTimes } from './run-folder.ts';

const LOOK_MS = 100;
/** New processes may be born between a look and a kill: it is done again until none is found. */
const SWEEPS = 10;

export interface Group {
  /** Leader of the process group and of the session. */
  readonly pid: number;
  /** `NAME=value` that all of its processes have in their environment. */
  readonly mark: string;
}

/**
 * Ends a step: SIGINT to the group, as Ctrl-C does (ansible-playbook ends with its statistics then), SIGTERM, SIGKILL, and a
 * sweep for whoever left the group (connection masters of ssh). SIGINT to ansible's own process alone leaves its workers.
 */
export async function stopGroup(group: Group, times: StopTimes): Promise<void> {
  const stages = [
    { signal: 'SIGINT', waitMs: times.interruptMs },
    { signal: 'SIGTERM', waitMs: times.terminateMs },
  ] as const;
  for (const { signal, waitMs } of stages) {
    if (!send(-group.pid, signal)) break;
    if (await isGone(group.pid, waitMs)) break;
  }
  send(-group.pid, 'SIGKILL');
  await sweep(group.mark, group.pid);
}

/**
 * Kills whatever is left of a run.
 * @param group undefined where its leader is gone, so that its number may be another's
 */
export async function sweep(mark: string, group?: number): Promise<void> {
  for (let round = 0; round < SWEEPS; round += 1) {
    const left = processesOf(group, mark);
    if (left.length === 0) return;
    for (const each of left) send(each, 'SIGKILL');
    await pause(LOOK_MS);
  }
}

async function isGone(group: number, waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs;
  while (performance.now() < end) {
    await pause(Math.min(LOOK_MS, Math.max(1, end - performance.now())));
    if (!send(-group, 0)) return true;
  }
  return false;
}

/** False where there is nobody to send it to. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    // EPERM: a process of another user (sudo) is still in the group.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
