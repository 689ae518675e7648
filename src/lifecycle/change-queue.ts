import { HostRefused } from '../domain/errors.ts';
import { Turns } from '../domain/turns.ts';

/** Changes that may wait for the disk. */
const MAX_WAITING = 1_000;

/** Changes of nodes one at a time: what was judged is still true when it is on disk. */
export class ChangeQueue {
  readonly #turns = new Turns();
  #waiting = 0;

  /** @throws HostRefused where too many wait already; what `change` throws comes through */
  async take<T>(change: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      const message = `${MAX_WAITING} changes of nodes wait for the store already.`;
      throw new HostRefused(message, 'Look whether the disk of dataDir answers, then try again.');
    }
    this.#waiting += 1;
    try {
      return await this.#turns.take(change);
    } finally {
      this.#waiting -= 1;
    }
  }
}
