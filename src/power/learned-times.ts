import type { Node } from '../domain/node.ts';
import { LearnedTime } from './learned-time.ts';

const MAX_KINDS = 256;

/** What machines of one kind take: to be off, to be on, to ask the network. */
export class LearnedTimes {
  readonly #times = new Map<string, LearnedTime>();

  of(node: Node, what: 'off' | 'on' | 'boot'): LearnedTime {
    const key = `${what} ${node.labels.platform ?? node.group ?? ''}`;
    const known = this.#times.get(key);
    if (known !== undefined) return known;
    const time = new LearnedTime();
    if (this.#times.size < MAX_KINDS) this.#times.set(key, time);
    return time;
  }
}
