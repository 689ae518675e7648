import { PodbootError } from '../../../src/domain/errors.ts';
import type { Owner, Scheduler, SchedulerName } from '../../../src/domain/schedulers.ts';
import type { OwnerWorld } from '../../../src/runners/owner/owner-step.ts';

/** What becomes of one call: `lost` has its effect, and its answer never comes. */
export type Fate = 'works' | 'fails' | 'lost';

/** Two schedulers in memory, each call of which may fail before or after it took effect. */
export class SimulatedSchedulers {
  readonly open = new Set<SchedulerName>();
  /** What runs on the node, by scheduler. */
  readonly running: Record<SchedulerName, string[]> = { k8s: [], slurm: [] };
  readonly calls: string[] = [];
  label: string | undefined;
  /** After how many looks of `clear` what runs has ended; Infinity: never by itself. */
  endsAfter = 0;
  fate: (call: string) => Fate = () => 'works';
  /** Called after every effect. */
  check: () => void = () => {};
  held: string | undefined;

  constructor(owner: Owner) {
    if (owner !== 'none') this.open.add(owner);
    this.label = owner === 'none' ? undefined : owner;
  }

  world(): OwnerWorld {
    return {
      schedulers: [this.#scheduler('k8s'), this.#scheduler('slurm')],
      label: (_, owner) =>
        this.#call(`label ${owner}`, () => {
          this.label = owner === 'none' ? undefined : owner;
        }),
    };
  }

  #scheduler(name: SchedulerName): Scheduler {
    return {
      name,
      look: () =>
        this.#call(`look ${name}`, () => ({
          isOpen: this.open.has(name),
          isReady: true,
          words: this.open.has(name) ? 'open' : 'closed',
          ...(name === 'k8s' && this.label !== undefined ? { label: this.label } : {}),
          ...(name === 'slurm' && this.held !== undefined && !this.open.has(name) ? { heldBecause: this.held } : {}),
        })),
      close: () => this.#call(`close ${name}`, () => void this.open.delete(name)),
      open: () => this.#call(`open ${name}`, () => void this.open.add(name)),
      clear: (_, force) =>
        this.#call(`clear ${name}${force ? ' by force' : ''}`, () => {
          const left = [...this.running[name]];
          this.endsAfter -= 1;
          if (force || this.endsAfter < 0) this.running[name] = [];
          return left;
        }),
    };
  }

  async #call<T>(call: string, act: () => T): Promise<T> {
    this.calls.push(call);
    const fate = this.fate(call);
    if (fate === 'fails') throw new PodbootError('kubernetes-unreachable', `${call} failed`, { mend: 'Wait.' });
    const result = act();
    this.check();
    if (fate === 'lost') throw new PodbootError('slurm-unreachable', `${call} was not answered`, { mend: 'Wait.' });
    return result;
  }
}
