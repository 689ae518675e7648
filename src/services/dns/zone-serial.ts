import type { Clock } from '../../domain/ports.ts';

/**
 * The serial number of all zones: it grows with each change of what they say (RFC 1982), and from one start to the next,
 * as it is never below the time in seconds.
 */
export class ZoneSerial {
  readonly #clock: Clock;
  #value: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#value = this.#seconds();
  }

  get value(): number {
    return this.#value;
  }

  grow(): void {
    // Modulo 2^32, in 2106.
    this.#value = Math.max(this.#value + 1, this.#seconds()) >>> 0;
  }

  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000) >>> 0;
  }
}
