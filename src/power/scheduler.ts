import { BmcError } from '../bmc/driver.ts';
import type { Clock, Timer } from '../domain/ports.ts';
import { Breaker, type BreakerState } from './breaker.ts';
import { LearnedTime } from './learned-time.ts';

/** In this order, for each BMC and on the whole. */
export const PRIORITIES = ['person', 'job', 'poll'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** A BMC that has not answered for so long costs nothing but a timer: its place is lent to the next. */
const SILENT_MS = 50;
const MAX_SILENT = 4_096;
const MAX_QUEUED = 64;
/** Of one use of a BMC: a handshake and a few commands. */
const DEADLINE = { unknownMs: 10_000, minMs: 5_000, maxMs: 60_000 };
/** Over what a BMC usually takes: for packets that are lost, and a session that has to be opened anew. */
const MARGIN = 4;
/** A driver that does not keep its deadline is given up. */
const GRACE = 2;

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Commands at once, of all BMCs that answer. */
  readonly atOnce: () => number;
  /** Between two commands to one BMC. */
  readonly minGapMs: () => number;
}

interface Task {
  readonly priority: Priority;
  readonly run: (deadlineMs: number) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Lane {
  readonly id: string;
  readonly waiting: Task[];
  readonly breaker: Breaker;
  readonly latency: LearnedTime;
  isBusy: boolean;
  readyAt: number;
  timer: Timer | undefined;
}

export interface LaneView {
  readonly breaker: BreakerState;
  readonly latencyMs: number | undefined;
  readonly queued: number;
}

/**
 * Who may speak to which BMC when: one command at a time for each of them, a bound on all together, people before jobs
 * before polling. A BMC that is dead holds nobody up but those who wait for itself.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #lanes = new Map<string, Lane>();
  readonly #ready: Readonly<Record<Priority, Ready>> = { person: noneReady(), job: noneReady(), poll: noneReady() };
  #active = 0;
  #silent = 0;
  #commands = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /**
   * @param bmc whose turn it takes
   * @param use given what this BMC may take; sends at most what a BMC answers as one exchange after the other
   * @throws BmcError of the driver; BreakerOpen where the BMC is not even asked
   */
  run<T>(bmc: string, priority: Priority, use: (deadlineMs: number) => Promise<T>): Promise<T> {
    const lane = this.#lane(bmc);
    if (lane.waiting.length >= MAX_QUEUED)
      return Promise.reject(new BmcError('busy', `${MAX_QUEUED} commands wait for this BMC already`));
    return new Promise<T>((resolve, reject) => {
      const task: Task = { priority, run: use, resolve: resolve as (value: unknown) => void, reject };
      const at = lane.waiting.findIndex((each) => rank(each.priority) > rank(priority));
      lane.waiting.splice(at < 0 ? lane.waiting.length : at, 0, task);
      this.#queue(lane);
      this.#pump();
    });
  }

  view(bmc: string): LaneView | undefined {
    const lane = this.#lanes.get(bmc);
    if (lane === undefined) return undefined;
    const breaker = lane.breaker.state(this.#options.clock.monotonic());
    return { breaker, latencyMs: lane.latency.smoothedMs, queued: lane.waiting.length };
  }

  forgive(bmc: string): void {
    this.#lanes.get(bmc)?.breaker.forgive();
  }

  /** The node is gone. What waits for it is refused. */
  forget(bmc: string): void {
    const lane = this.#lanes.get(bmc);
    if (lane === undefined) return;
    this.#lanes.delete(bmc);
    this.#unqueue(lane);
    lane.timer?.cancel();
    for (const task of lane.waiting.splice(0)) task.reject(new BmcError('unreachable', 'the node was removed'));
  }

  statistics(): Record<string, number> {
    return { commands: this.#commands, active: this.#active, silent: this.#silent, bmcs: this.#lanes.size };
  }

  #lane(id: string): Lane {
    const known = this.#lanes.get(id);
    if (known !== undefined) return known;
    const lane: Lane = {
      id,
      waiting: [],
      breaker: new Breaker(this.#options.random),
      latency: new LearnedTime(),
      isBusy: false,
      readyAt: Number.NEGATIVE_INFINITY,
      timer: undefined,
    };
    this.#lanes.set(id, lane);
    return lane;
  }

  /** Puts a lane where its most urgent task says. */
  #queue(lane: Lane): void {
    this.#unqueue(lane);
    const [first] = lane.waiting;
    if (first === undefined || lane.isBusy) return;
    const waitMs = lane.readyAt - this.#options.clock.monotonic();
    if (waitMs <= 0) {
      const ready = this.#ready[first.priority];
      (lane.breaker.isSuspect ? ready.suspect : ready.sound).add(lane);
      return;
    }
    lane.timer ??= this.#options.clock.setTimeout(() => {
      lane.timer = undefined;
      this.#queue(lane);
      this.#pump();
    }, waitMs);
  }

  #unqueue(lane: Lane): void {
    for (const { sound, suspect } of Object.values(this.#ready)) {
      sound.delete(lane);
      suspect.delete(lane);
    }
  }

  #pump(): void {
    while (this.#active < this.#options.atOnce()) {
      const lane = this.#next();
      if (lane === undefined) return;
      const task = lane.waiting.shift();
      if (task === undefined) continue;
      const refusal = lane.breaker.refusal(this.#options.clock.monotonic(), task.priority === 'person');
      if (refusal === undefined) void this.#perform(lane, task);
      else {
        task.reject(refusal);
        this.#queue(lane);
      }
    }
  }

  #next(): Lane | undefined {
    for (const priority of PRIORITIES) {
      const ready = this.#ready[priority];
      // One that was silent the last time waits behind those that were not.
      for (const lanes of [ready.sound, ready.suspect]) {
        for (const lane of lanes) {
          lanes.delete(lane);
          return lane;
        }
      }
    }
    return undefined;
  }

  async #perform(lane: Lane, task: Task): Promise<void> {
    const { clock, minGapMs } = this.#options;
    const startedAt = clock.monotonic();
    lane.isBusy = true;
    this.#active += 1;
    this.#commands += 1;
    let isSilent = false;
    const lend = clock.setTimeout(() => {
      if (this.#silent >= MAX_SILENT) return;
      isSilent = true;
      this.#active -= 1;
      this.#silent += 1;
      this.#pump();
    }, SILENT_MS);
    try {
      const value = await this.#bounded(lane, task);
      lane.latency.observe(clock.monotonic() - startedAt);
      lane.breaker.answered();
      task.resolve(value);
    } catch (error) {
      if (error instanceof BmcError) lane.breaker.failed(error, clock.monotonic());
      task.reject(error);
    } finally {
      lend.cancel();
      if (isSilent) this.#silent -= 1;
      else this.#active -= 1;
      lane.isBusy = false;
      lane.readyAt = clock.monotonic() + minGapMs();
      if (this.#lanes.get(lane.id) === lane) this.#queue(lane);
      this.#pump();
    }
  }

  #bounded(lane: Lane, task: Task): Promise<unknown> {
    const { unknownMs, minMs, maxMs } = DEADLINE;
    const lateMs = lane.latency.lateMs({ unknownMs: unknownMs / MARGIN, minMs: 0, maxMs: maxMs / MARGIN });
    const boundMs = Math.max(minMs, MARGIN * lateMs);
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimeout(() => {
        const seconds = Math.round(boundMs / 1_000);
        reject(new BmcError('no-answer', `it did not come to an end within ${seconds} s`, { mayHaveActed: true }));
      }, boundMs * GRACE);
      task
        .run(boundMs)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }
}

/** Lanes that may go on, in the order in which they came. */
interface Ready {
  readonly sound: Set<Lane>;
  readonly suspect: Set<Lane>;
}

function noneReady(): Ready {
  return { sound: new Set(), suspect: new Set() };
}

function rank(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}
