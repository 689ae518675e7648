import { PodbootError } from '../../domain/errors.ts';
import type { Owner, OwnerChange, OwnerStage, Scheduler, SchedulerName } from '../../domain/schedulers.ts';

/** What one node's hand-over acts on. */
export interface OwnerWorld {
  /** Those that are configured. */
  readonly schedulers: readonly Scheduler[];
  /** Says in Kubernetes who owns it; does nothing where there is none. */
  label(node: string, owner: Owner): Promise<void>;
}

/** What a step asks for next. */
export type StepOutcome =
  /** The next stage, at once. */
  | { readonly kind: 'next'; readonly stage: OwnerStage }
  /** Something still runs there: look again later. */
  | { readonly kind: 'wait'; readonly for: readonly string[] };

export function isOver({ stage }: Pick<OwnerChange, 'stage'>): boolean {
  return stage === 'done' || stage === 'put-back' || stage === 'stuck';
}

/**
 * Does what the stage of a change stands for. Each act may be repeated, so a step that failed or was cut off by a restart is
 * done again.
 * @throws PodbootError as the schedulers do
 */
export async function takeStep(change: OwnerChange, world: OwnerWorld): Promise<StepOutcome> {
  const { name, to, from, force } = change;
  switch (change.stage) {
    case 'taking':
      await closeAll(others(world, to), name, to);
      return next('clearing');
    case 'clearing': {
      const old = others(world, to);
      // A person may have opened it meanwhile: then jobs came after what was looked at.
      if (await closeAll(old, name, to)) return { kind: 'wait', for: ['what was opened again meanwhile'] };
      const left = await clearAll(old, name, force);
      return left.length > 0 ? { kind: 'wait', for: left } : next('giving');
    }
    case 'giving':
      await openOnly(world, to, name);
      return next('labelling');
    case 'labelling':
      await world.label(name, to);
      return next('done');
    case 'withdrawing': {
      const added = to === from ? [] : only(world, to);
      await closeAll(added, name, from);
      const left = await clearAll(added, name, force);
      return left.length > 0 ? { kind: 'wait', for: left } : next('returning');
    }
    case 'returning':
      await openOnly(world, from, name);
      return next('put-back');
    default:
      return next(change.stage);
  }
}

/** Opens it for one owner; refuses where another one still gives it work: never both. */
async function openOnly(world: OwnerWorld, owner: Owner, node: string): Promise<void> {
  for (const other of others(world, owner)) {
    const view = await other.look(node);
    if (view?.isOpen !== true) continue;
    throw new PodbootError('owner-both', `${other.name} gives ${node} work again: somebody opened it meanwhile`, {
      mend: 'Find out who does; then ask for it again.',
    });
  }
  for (const scheduler of only(world, owner)) {
    await scheduler.open(node);
    if ((await scheduler.look(node))?.isOpen === true) continue;
    throw new PodbootError('owner-not-open', `${scheduler.name} was told to use ${node}, and does not`, {
      mend: `Look at its state in ${scheduler.name}.`,
    });
  }
}

/** @returns whether any had to be closed */
async function closeAll(schedulers: readonly Scheduler[], node: string, to: Owner): Promise<boolean> {
  let any = false;
  for (const scheduler of schedulers) {
    const before = await scheduler.look(node);
    if (before === undefined || !before.isOpen) continue;
    any = true;
    await scheduler.close(node, reasonFor(to));
    if ((await scheduler.look(node))?.isOpen !== true) continue;
    throw new PodbootError('owner-not-closed', `${scheduler.name} was told to leave ${node} alone, and does not`, {
      mend: `Look at its state in ${scheduler.name}.`,
    });
  }
  return any;
}

async function clearAll(schedulers: readonly Scheduler[], node: string, force: boolean): Promise<readonly string[]> {
  const left: string[] = [];
  for (const scheduler of schedulers) {
    if ((await scheduler.look(node)) !== undefined) left.push(...(await scheduler.clear(node, force)));
  }
  return left;
}

/** As DeepOps' doctl.sh writes it, so that either may take back what the other drained. */
function reasonFor(to: Owner): string {
  return to === 'none' ? 'podboot: nobody owns it' : to;
}

function others({ schedulers }: OwnerWorld, owner: Owner): readonly Scheduler[] {
  return schedulers.filter(({ name }) => name !== owner);
}

function only({ schedulers }: OwnerWorld, owner: Owner): readonly Scheduler[] {
  return schedulers.filter(({ name }) => name === (owner as SchedulerName));
}

function next(stage: OwnerStage): StepOutcome {
  return { kind: 'next', stage };
}
