import { IpmiError } from './errors.ts';

const MAX_WAITING = 256;

/** One after another, in the order in which they came. */
export class TurnQueue {
  readonly #waiting: (() => void)[] = [];
  #isBusy = false;

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** @throws what `act` throws; IpmiError `no-answer` where too many wait */
  async run<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new IpmiError('no-answer', `${MAX_WAITING} commands wait for this BMC already`);
    }
    if (this.#isBusy) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
    this.#isBusy = true;
    try {
      return await act();
    } finally {
      // It stays busy for the one that is woken: nobody who comes meanwhile overtakes it.
      const next = this.#waiting.shift();
      this.#isBusy = next !== undefined;
      next?.();
    }
  }
}
