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
    const key = this.#key(group);
    const recent = this.#recent(group, at);
    recent.push(at);
    this.#passed.set(key, recent.slice(-this.#stagger.nodes));
  }

  #recent(group: string, now: number): number[] {
    const { perMs } = this.#stagger as Stagger;
    return (this.#passed.get(this.#key(group)) ?? []).filter((at) => at + perMs > now);
  }

  #key(group: string): string {
    return this.#stagger?.by === 'all' ? '' : group;
  }
}
