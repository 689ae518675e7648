import type { PowerState } from '../bmc/driver.ts';
import { BmcError } from '../bmc/driver.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { Clock, NodeDirectory, Timer } from '../domain/ports.ts';
import { type Fleet, hasPower } from './fleet.ts';
import { mendOf } from './mends.ts';
import type { Priority } from './scheduler.ts';

/** What a BMC said when it was last asked. */
export interface PowerReading {
  readonly state: PowerState | 'unknown';
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly trouble?: { readonly failure: string; readonly text: string; readonly mend: string };
}

export interface StatePollerOptions {
  readonly nodes: NodeDirectory;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly random: () => number;
  readonly pollMs: () => number;
}

/** After the last time that somebody looked. */
const WANTED_MS = 600_000;
const AT_ONCE = 16;

/** Whether machines are on, as far as is known; asked anew at a slow rate while somebody wants to see it. */
export class StatePoller {
  readonly #options: StatePollerOptions;
  /** With when it was heard, of the monotonic clock. */
  readonly #readings = new Map<NodeId, { readonly reading: PowerReading; readonly heardAt: number }>();
  #wantedUntil = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: StatePollerOptions) {
    this.#options = options;
  }

  /** What is known, without asking. */
  known(nodeId: NodeId): PowerReading | undefined {
    return this.#readings.get(nodeId)?.reading;
  }

  /** Keeps what is known fresh for a while. */
  want(): void {
    this.#wantedUntil = this.#options.clock.monotonic() + WANTED_MS;
    this.#next();
  }

  /** Asks the BMC. Never rejects for what a BMC does. */
  async read(node: Node, priority: Priority): Promise<PowerReading> {
    const { clock, fleet } = this.#options;
    const reading = await fleet
      .run(node, priority, (driver, deadlineMs) => {
        if (driver.power === undefined) throw new BmcError('refused', 'it has no control over power');
        return driver.power.read(deadlineMs);
      })
      .then(
        (state): PowerReading => ({ state, at: clock.now() }),
        (error: unknown): PowerReading => {
          if (!(error instanceof BmcError)) throw error;
          const { failure, message } = error;
          return { state: 'unknown', at: clock.now(), trouble: { failure, text: message, mend: mendOf(error, node) } };
        },
      );
    this.#readings.set(node.id, { reading, heardAt: clock.monotonic() });
    return reading;
  }

  forget(nodeId: NodeId): void {
    this.#readings.delete(nodeId);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** A round takes as long as the interval: BMCs are asked one after another and not all at the hour. */
  #next(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const { clock, random, pollMs } = this.#options;
    if (clock.monotonic() > this.#wantedUntil) return;
    this.#timer = clock.setTimeout(
      () => {
        this.#timer = undefined;
        void this.#round().finally(() => this.#next());
      },
      pollMs() * (0.75 + random() / 2),
    );
  }

  async #round(): Promise<void> {
    const { nodes, clock, pollMs } = this.#options;
    const staleAt = clock.monotonic() - pollMs() / 2;
    const isStale = ({ id }: Node) => (this.#readings.get(id)?.heardAt ?? Number.NEGATIVE_INFINITY) < staleAt;
    const due = [...nodes.all()].filter((node) => hasPower(node) && node.bmc?.driver !== 'none' && isStale(node));
    const workers = Array.from({ length: AT_ONCE }, async () => {
      for (let node = due.pop(); node !== undefined && !this.#isStopped; node = due.pop())
        await this.read(node, 'poll').catch(() => undefined);
    });
    await Promise.all(workers);
  }
}
