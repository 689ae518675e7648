import type { Clock } from '../../../domain/ports.ts';
import type { UpstreamSettings } from '../../../domain/settings.ts';

/** So many questions in a row without an answer, and another server is asked first. */
const FAILURES = 2;
/** For so long; then it is tried again. */
const REST_MS = 10_000;

export interface Upstream extends UpstreamSettings {
  /** For messages: `10.1.1.53`. */
  readonly label: string;
  /** False: it writes names in a case of its own, so the case of a question proves nothing. */
  keepsCase: boolean;
  /** False: it does not know OPT. */
  knowsEdns: boolean;
}

interface Health {
  failures: number;
  restsUntil: number;
}

/** Who is asked, and in which order: as written, those that do not answer last. */
export class Upstreams {
  readonly #clock: Clock;
  #list: readonly Upstream[] = [];
  readonly #health = new Map<Upstream, Health>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get all(): readonly Upstream[] {
    return this.#list;
  }

  /** Those that were there before keep what is known of them. */
  replace(settings: readonly UpstreamSettings[], labelOf: (upstream: UpstreamSettings) => string): void {
    const before = this.#list;
    this.#list = settings.map(
      ({ address, port }) =>
        before.find((each) => each.address === address && each.port === port) ?? {
          ...{ address, port, label: labelOf({ address, port }) },
          ...{ keepsCase: true, knowsEdns: true },
        },
    );
    for (const each of this.#health.keys()) if (!this.#list.includes(each)) this.#health.delete(each);
  }

  inOrder(): readonly Upstream[] {
    if (this.#health.size === 0) return this.#list;
    const now = this.#clock.monotonic();
    const rests = (each: Upstream) => (this.#health.get(each)?.restsUntil ?? 0) > now;
    return [...this.#list.filter((each) => !rests(each)), ...this.#list.filter(rests)];
  }

  answered(upstream: Upstream): void {
    this.#health.delete(upstream);
  }

  /** @returns true where it is asked last from now on, and was not before */
  failed(upstream: Upstream): boolean {
    if (!this.#list.includes(upstream)) return false;
    const health = this.#health.get(upstream) ?? { failures: 0, restsUntil: 0 };
    this.#health.set(upstream, health);
    health.failures += 1;
    if (health.failures < FAILURES) return false;
    const rested = health.restsUntil > this.#clock.monotonic();
    health.restsUntil = this.#clock.monotonic() + REST_MS;
    return !rested;
  }
}
