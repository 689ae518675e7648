import type { Stagger } from '../domain/power.ts';

/** Lets so many of a group through within any such time. */
export class StaggerGate {
  readonly #stagger: Stagger | undefined;
  readonly #passed = new Map<string, number[]>();

  constructor(stagger: Stagger | undefined) {
    this.#stagger = stagger;
  }

  /** How long until one of the group may pass; 0: now. */
  waitMs(group: string, now: number): number {
    if (this.#stagger === undefined) return 0;
    const recent = this.#recent(group, now);
    const oldest = recent[recent.length - this.#stagger.nodes];
    return oldest === undefined ? 0 : oldest + this.#stagger.perMs - now;
  }

  /** One has passed; also one that did before a restart. */
  pass(group: string, at: number): void {
    if (this.#stagger === undefined) return;
    const recent = this.#recent(group, at);
    recent.push(at);
    this.#passed.set(this.#key(group), recent.sort((one, other) => one - other).slice(-this.#stagger.nodes));
  }

  /** One of the future was before the clock was set back: it counts as one of now, and not for as long as that was. */
  #recent(group: string, now: number): number[] {
    const { perMs } = this.#stagger as Stagger;
    const key = this.#key(group);
    const recent = (this.#passed.get(key) ?? []).map((at) => Math.min(at, now)).filter((at) => at + perMs > now);
    this.#passed.set(key, recent);
    return recent;
  }

  #key(group: string): string {
    return this.#stagger?.by === 'all' ? '' : group;
  }
}
