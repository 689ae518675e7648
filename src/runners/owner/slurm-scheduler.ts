import type { Scheduler, SlurmNodes } from '../../domain/schedulers.ts';
import { isHarmless, isOpen, isWell, stateWords } from '../slurm/slurm-state.ts';

/** Slurm as the hand-over sees it. */
export function slurmScheduler(slurm: SlurmNodes): Scheduler {
  return {
    name: 'slurm',

    async look(name) {
      const node = await slurm.node(name);
      if (node === undefined) return undefined;
      const open = isOpen(node);
      const isHeld = !open && node.reason !== undefined && !isHarmless(node.reason);
      return {
        isOpen: open,
        isReady: isWell(node),
        words: stateWords(node),
        ...(isHeld && node.reason !== undefined ? { heldBecause: node.reason } : {}),
      };
    },

    close: (name, reason) => slurm.drain(name, reason),
    open: (name) => slurm.resume(name),

    async clear(name, force) {
      const jobs = await slurm.jobsOn(name);
      if (force) await slurm.cancel(jobs);
      return jobs.map((id) => `job ${id}`);
    },
  };
}
