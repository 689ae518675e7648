import type { Owner, Scheduler, SchedulerName, SchedulerView } from '../../domain/schedulers.ts';

/** What one scheduler says of a node, or why it says nothing. */
export interface SchedulerSight {
  readonly name: SchedulerName;
  /** Absent: it has no such node, or can't be asked. */
  readonly view?: SchedulerView;
  readonly trouble?: string;
}

/** `both` is what must never be; `unknown` where one can't be asked. */
export type SeenOwner = Owner | 'both' | 'unknown';

export async function lookAt(schedulers: readonly Scheduler[], node: string): Promise<readonly SchedulerSight[]> {
  return Promise.all(
    schedulers.map(async (scheduler): Promise<SchedulerSight> => {
      const { name } = scheduler;
      try {
        const view = await scheduler.look(node);
        return view === undefined ? { name } : { name, view };
      } catch (error) {
        return { name, trouble: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}

export function ownerIn(sights: readonly SchedulerSight[]): SeenOwner {
  if (sights.some(({ trouble }) => trouble !== undefined)) return 'unknown';
  const open = sights.filter(({ view }) => view?.isOpen === true);
  if (open.length > 1) return 'both';
  return open[0]?.name ?? 'none';
}
