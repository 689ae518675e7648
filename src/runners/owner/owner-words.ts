import type { EventLevel } from '../../domain/events.ts';
import type { Owner, OwnerChange, OwnerStage } from '../../domain/schedulers.ts';

export function ownerWord(owner: Owner): string {
  return { k8s: 'Kubernetes', slurm: 'Slurm', none: 'nobody' }[owner];
}

export const STAGE_LEVEL: Readonly<Record<OwnerStage, EventLevel>> = {
  taking: 'info',
  clearing: 'info',
  giving: 'info',
  labelling: 'info',
  done: 'info',
  withdrawing: 'warn',
  returning: 'info',
  'put-back': 'warn',
  stuck: 'error',
};

/** One sentence for the timeline. */
export function stageText(change: OwnerChange): string {
  const { from, to, by, trouble } = change;
  const because = trouble === undefined ? '' : `: ${trouble}`;
  switch (change.stage) {
    case 'taking':
      return `${by} gives it from ${ownerWord(from)} to ${ownerWord(to)}: no new work from ${ownerWord(from)}`;
    case 'clearing':
      return `no new work comes; what runs there ${change.force ? 'is ended' : 'comes to its end'}`;
    case 'giving':
      return to === 'none' ? 'nothing runs there any more' : `nothing runs there any more; ${ownerWord(to)} may use it`;
    case 'labelling':
      return `it belongs to ${ownerWord(to)}; the label is to say so`;
    case 'done':
      return trouble === undefined
        ? `it belongs to ${ownerWord(to)}`
        : `it belongs to ${ownerWord(to)}, but${because.slice(1)}`;
    case 'withdrawing':
      return `it goes back to ${ownerWord(from)}${because}`;
    case 'returning':
      return `${ownerWord(from)} may use it again`;
    case 'put-back':
      return `it belongs to ${ownerWord(from)} as before${because}`;
    case 'stuck':
      return `neither moved nor put back${because}`;
  }
}
