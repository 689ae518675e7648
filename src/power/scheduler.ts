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
  /** With other credentials than those that may have been refused. */
  readonly isTrial: boolean;
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
  /** Where it waits for its turn. */
  queuedIn: Set<Lane> | undefined;
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
   * @param isTrial with other credentials: that those in use were refused does not count
   * @throws BmcError of the driver; BreakerOpen where the BMC is not even asked
   */
  run<T>(bmc: string, priority: Priority, use: (deadlineMs: number) => Promise<T>, isTrial = false): Promise<T> {
    const lane = this.#lane(bmc);
    if (lane.waiting.length >= MAX_QUEUED)
      return Promise.reject(new BmcError('busy', `${MAX_QUEUED} commands wait for this BMC already`));
    return new Promise<T>((resolve, reject) => {
      const task: Task = { priority, isTrial, run: use, resolve: resolve as (value: unknown) => void, reject };
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
      queuedIn: undefined,
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
      lane.queuedIn = lane.breaker.isSuspect ? ready.suspect : ready.sound;
      lane.queuedIn.add(lane);
      return;
    }
    lane.timer ??= this.#options.clock.setTimeout(() => {
      lane.timer = undefined;
      this.#queue(lane);
      this.#pump();
    }, waitMs);
  }

  #unqueue(lane: Lane): void {
    lane.queuedIn?.delete(lane);
    lane.queuedIn = undefined;
  }

  #pump(): void {
    while (this.#active < this.#options.atOnce()) {
      const lane = this.#next();
      if (lane === undefined) return;
      const task = lane.waiting.shift();
      if (task === undefined) continue;
      const refusal = lane.breaker.refusal(this.#options.clock.monotonic(), task);
      if (refusal === undefined) this.#perform(lane, task);
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
          this.#unqueue(lane);
          return lane;
        }
      }
    }
    return undefined;
  }

  #perform(lane: Lane, task: Task): void {
    const { clock } = this.#options;
    const boundMs = deadlineOf(lane);
    const turn: Turn = { lane, task, boundMs, startedAt: clock.monotonic(), isLent: false, isOver: false };
    lane.isBusy = true;
    this.#active += 1;
    this.#commands += 1;
    turn.timer = clock.setTimeout(() => this.#lend(turn), SILENT_MS);
    task.run(boundMs).then(
      (value) => this.#answered(turn, value),
      (error: unknown) => this.#failed(turn, error),
    );
  }

  #lend(turn: Turn): void {
    if (this.#silent < MAX_SILENT) {
      turn.isLent = true;
      this.#active -= 1;
      this.#silent += 1;
      this.#pump();
    }
    turn.timer = this.#options.clock.setTimeout(() => {
      const seconds = Math.round(turn.boundMs / 1_000);
      const message = `it did not come to an end within ${seconds} s`;
      this.#failed(turn, new BmcError('no-answer', message, { mayHaveActed: true }));
    }, turn.boundMs * GRACE);
  }

  #answered(turn: Turn, value: unknown): void {
    if (turn.isOver) return;
    const { lane, task, startedAt } = turn;
    lane.latency.observe(this.#options.clock.monotonic() - startedAt);
    lane.breaker.answered();
    task.resolve(value);
    this.#end(turn);
  }

  #failed(turn: Turn, error: unknown): void {
    if (turn.isOver) return;
    if (error instanceof BmcError) turn.lane.breaker.failed(error, this.#options.clock.monotonic());
    turn.task.reject(error);
    this.#end(turn);
  }

  #end(turn: Turn): void {
    const { clock, minGapMs } = this.#options;
    const { lane } = turn;
    turn.isOver = true;
    turn.timer?.cancel();
    if (turn.isLent) this.#silent -= 1;
    else this.#active -= 1;
    lane.isBusy = false;
    lane.readyAt = clock.monotonic() + minGapMs();
    if (this.#lanes.get(lane.id) === lane) this.#queue(lane);
    this.#pump();
  }
}

/** One use of a BMC, from its beginning to its end. */
interface Turn {
  readonly lane: Lane;
  readonly task: Task;
  readonly boundMs: number;
  readonly startedAt: number;
  /** Its place is another's: the BMC is silent. */
  isLent: boolean;
  isOver: boolean;
  timer?: Timer;
}

function deadlineOf({ latency }: Lane): number {
  const { unknownMs, minMs, maxMs } = DEADLINE;
  const lateMs = latency.lateMs({ unknownMs: unknownMs / MARGIN, minMs: 0, maxMs: maxMs / MARGIN });
  return Math.max(minMs, MARGIN * lateMs);
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
