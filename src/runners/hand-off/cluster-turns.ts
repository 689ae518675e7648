import type { Clock, EventSink, Timer } from '../../domain/ports.ts';
import { Turns } from '../../domain/turns.ts';

const LONGEST_SLEEP_MS = 600_000;
const RETRY_MS = 5_000;

/** One thing at a time for each cluster, and the next look at it. */
export class ClusterTurns {
  readonly #clock: Clock;
  readonly #events: EventSink;
  readonly #turns = new Map<string, Turns>();
  readonly #timers = new Map<string, Timer>();
  isStopped = false;

  constructor(clock: Clock, events: EventSink) {
    this.#clock = clock;
    this.#events = events;
  }

  stop(): void {
    this.isStopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }

  take<T>(cluster: string, act: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(cluster) ?? new Turns();
    this.#turns.set(cluster, turns);
    return turns.take(act);
  }

  /** In its turn; what could not be stored is tried again. */
  act(cluster: string, act: () => Promise<void>): void {
    if (this.isStopped) return;
    this.take(cluster, act).catch((error: unknown) => {
      this.#events.emit({
        type: 'hand-off.stuck',
        level: 'error',
        subject: {},
        text: `the hand-off to ${cluster} stands still: ${error instanceof Error ? error.message : String(error)}`,
        mend: 'Look at the disk of dataDir; podboot tries it again every few seconds.',
        throttle: cluster,
      });
      if (!this.isStopped) this.#clock.setTimeout(() => this.act(cluster, act), RETRY_MS);
    });
  }

  /** The later of two for a cluster counts. */
  sleep(cluster: string, delayMs: number, wake: () => void): void {
    this.awake(cluster);
    if (this.isStopped) return;
    const timer = this.#clock.setTimeout(wake, Math.min(LONGEST_SLEEP_MS, Math.max(1, delayMs)));
    this.#timers.set(cluster, timer);
  }

  awake(cluster: string): void {
    this.#timers.get(cluster)?.cancel();
    this.#timers.delete(cluster);
  }
}
