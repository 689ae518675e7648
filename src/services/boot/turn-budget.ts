import { PAGE_RUN_BYTES } from './page-warmer.ts';

/** About half a millisecond of copying: what DHCP may have to wait for. */
export const TURN_BYTES = 2 * 1024 * 1024;

/**
 * How many bytes all downloads together may hand to the kernel in one turn of the event loop. sendfile(2) copies at
 * memory speed and on the loop's own thread, so without a bound a hundred fast clients would keep DHCP waiting.
 */
export class TurnBudget {
  readonly #turnBytes: number;
  #left: number;
  #armed = false;
  #waiting: (() => void)[] = [];

  constructor(turnBytes = TURN_BYTES) {
    this.#turnBytes = turnBytes;
    this.#left = turnBytes;
  }

  /** Bytes that may be sent now; 0: wait for `nextTurn`. */
  get left(): number {
    return Math.max(0, this.#left);
  }

  spend(bytes: number): void {
    this.#left -= bytes;
    this.#arm();
  }

  /** In the order of asking, as many as a turn has room for. Whoever wakes looks at `left` again. */
  nextTurn(): Promise<void> {
    this.#arm();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(() => {
      this.#armed = false;
      this.#left = this.#turnBytes;
      for (const resolve of this.#waiting.splice(0, Math.ceil(this.#turnBytes / PAGE_RUN_BYTES))) resolve();
      if (this.#waiting.length > 0) this.#arm();
    });
  }
}
