import type { IpmiClock } from './ports.ts';

/** Sessions that were opened last, and how long a BMC may keep one that nobody uses, with the time that it was used. */
const MAX_KEPT = 8;
const LIFE_MS = 180_000;

/** Ids of the sessions of one client, also of those that it gave up a moment ago: the BMC may not have heard of that. */
export class OwnSessions {
  readonly #clock: IpmiClock;
  readonly #openedAt = new Map<number, number>();

  constructor(clock: IpmiClock) {
    this.#clock = clock;
  }

  add(bmcSessionId: number): void {
    this.#openedAt.delete(bmcSessionId);
    if (this.#openedAt.size >= MAX_KEPT) this.#openedAt.delete(this.#openedAt.keys().next().value as number);
    this.#openedAt.set(bmcSessionId, this.#clock.monotonic());
  }

  has(bmcSessionId: number): boolean {
    const at = this.#openedAt.get(bmcSessionId);
    return at !== undefined && this.#clock.monotonic() - at < LIFE_MS;
  }
}
