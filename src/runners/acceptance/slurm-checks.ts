import type { CheckResult } from '../../domain/hand-off.ts';
import type { SlurmNode, SlurmNodes } from '../../domain/schedulers.ts';
import { isOpen, isUnexpectedReboot, isWell, stateWords } from '../slurm/slurm-state.ts';
import type { SchedulerExpectation } from './check-list.ts';
import { shown } from './judge-check.ts';

/**
 * What Slurm says of a node at this moment. One that is down since it was started again without Slurm having been told (every
 * installation does that) is set idle first, as the guide does.
 */
export async function slurmChecks(
  slurm: SlurmNodes,
  name: string,
  { gpus }: SchedulerExpectation,
): Promise<readonly CheckResult[]> {
  const before = await slurm.node(name);
  if (before !== undefined && isUnexpectedReboot(before)) await slurm.resume(name);
  const node = before !== undefined && isUnexpectedReboot(before) ? await slurm.node(name) : before;
  if (node === undefined) {
    const mend = 'Look in the log of its run; slurm.conf has to name it (NodeName), and slurmctld to have read it.';
    return [{ check: 'slurm-idle', ok: false, expected: 'idle', found: 'Slurm has no such node', mend }];
  }
  const isUp = isOpen(node) && isWell(node);
  const idle: CheckResult = {
    check: 'slurm-idle',
    ok: isUp,
    expected: 'idle',
    found: shown(stateWords(node)),
    ...(isUp ? {} : { mend: mendOf(node) }),
  };
  if (gpus === undefined) return [idle];
  const found = gresGpus(node.gres);
  const ok = found >= gpus;
  const gres: CheckResult = {
    check: 'slurm-gres',
    ok,
    expected: `at least ${gpus} gpu`,
    found: node.gres === undefined ? 'no GRES' : shown(node.gres),
    ...(ok ? {} : { mend: 'Check gres.conf on it and Gres= in slurm.conf, and nvidia-smi on it.' }),
  };
  return [idle, gres];
}

function mendOf(node: SlurmNode): string {
  if (node.flags.includes('drain') || node.base === 'down') {
    return `Settle its reason; then “scontrol update nodename=${node.name} state=resume”.`;
  }
  return 'Look on it at “systemctl status slurmd” and at munge: time, key and slurm.conf have to be the same everywhere.';
}

/** GPUs in `gpu:a100:8(S:0-1),gpu:mig:2,shard:16`. */
export function gresGpus(gres: string | undefined): number {
  let sum = 0;
  for (const [, count] of (gres ?? '').matchAll(/(?:^|,)gpu(?::[A-Za-z][^:,()]*)?(?::([0-9]+))?(?=[,(]|$)/g)) {
    // A count that is not written is one.
    sum += count === undefined ? 1 : Number(count);
  }
  return sum;
}
