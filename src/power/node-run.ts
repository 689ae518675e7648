import { type BmcDriver, BmcError } from '../bmc/driver.ts';
import type { EventLevel } from '../domain/events.ts';
import type { Node } from '../domain/node.ts';
import type { Clock } from '../domain/ports.ts';
import type { JobAction, JobStep, PowerSettings, StepStage } from '../domain/power.ts';
import { armed, bootText, isAsSet, overrideOf } from './boot-order.ts';
import type { BootWatch } from './boot-watch.ts';
import type { Fleet } from './fleet.ts';
import type { LearnedTimes } from './learned-times.ts';
import { mendOf } from './mends.ts';
import type { NodeStanding } from './ports.ts';
import type { Priority } from './scheduler.ts';
import { DONE, notSeenText, wokenText } from './step-texts.ts';
import { isPassing, powerOf, turnPower } from './turn-power.ts';

export interface NodeRunOptions {
  readonly action: JobAction;
  readonly node: Node;
  readonly priority: Priority;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly settings: () => PowerSettings;
  readonly standing: NodeStanding;
  readonly watch: BootWatch;
  readonly learned: LearnedTimes;
  readonly step: () => JobStep;
  /** On disk when it resolves. */
  readonly save: (change: Partial<JobStep>) => Promise<void>;
  /** Lets the node wait for its turn to be switched on. */
  readonly mayTurnOn: () => Promise<void>;
  /** Others may work on the node from now on, or no more. */
  readonly lock: () => Promise<void>;
  readonly unlock: () => void;
  readonly isCancelled: () => boolean;
  /**
   * Why the machine is to be left as it is from now on, if it is: somebody may have opened it meanwhile.
   * @param isTouched it may have been switched by this job already
   */
  readonly refusal: (isTouched: boolean) => StepEnd | undefined;
  readonly isStopped: () => boolean;
  readonly tell: (event: {
    readonly type: string;
    readonly level: EventLevel;
    readonly text: string;
    readonly mend?: string;
  }) => void;
}

export interface StepEnd {
  readonly stage: StepStage;
  readonly text: string;
  readonly mend?: string;
}

/** podboot is being stopped: the step stays as it is on disk, and is taken up by the next start. */
export class Interrupted extends Error {}

/** The node is not to be touched any more. */
class LeftAlone extends Error {
  readonly end: StepEnd;

  constructor(end: StepEnd) {
    super(end.text);
    this.end = end;
  }
}

/** What each action does, in this order; a restart goes on at the stage that is on disk. */
const STAGES: Readonly<Record<JobAction, readonly StepStage[]>> = {
  on: ['turning-on'],
  off: ['turning-off'],
  // As two: a cycle can't be told from none by looking, so a crash would leave it undone or do it twice.
  cycle: ['turning-off', 'turning-on'],
  soft: ['sent', 'awaiting-off'],
  reset: ['sent'],
  'network-boot': ['arming', 'turning-off', 'turning-on', 'awaiting-boot'],
  'disk-first': ['arming'],
  'on-when-off': ['awaiting-off', 'turning-on'],
};

/** A job that is taken up there may have switched its machine before the restart. */
const TOUCHED: ReadonlySet<StepStage> = new Set(['turning-off', 'turning-on', 'awaiting-boot']);

const LOOK_MS = 2_000;
const SOFT_LIMIT_MS = 600_000;
const SOFT_AGAIN_MS = 60_000;
const BOOT_LATE = { minMs: 120_000 };

/** One node's part of a job, from wherever it is to its end. */
export class NodeRun {
  readonly #options: NodeRunOptions;
  /** Whether the machine heard that it is to shut down nobody knows. */
  #isSoftUnsure = false;
  #isTouched: boolean;
  #watched: ReturnType<BootWatch['watch']> | undefined;
  /** Of the monotonic clock: when it was told to be on, unless that was before a restart. */
  #onSince: number | undefined;

  constructor(options: NodeRunOptions) {
    this.#options = options;
    this.#isTouched = TOUCHED.has(options.step().stage);
  }

  /** @throws Interrupted */
  async run(): Promise<StepEnd> {
    const { watch, node, action } = this.#options;
    // From before it is on: some are seen before their BMC says that they are.
    if (action === 'network-boot') this.#watched = watch.watch(node.id);
    try {
      return await this.#run();
    } catch (error) {
      if (this.#options.isStopped()) throw new Interrupted();
      if (error instanceof LeftAlone) return error.end;
      if (!(error instanceof BmcError)) throw error;
      return { stage: 'failed', text: `${node.name}: ${error.message}`, mend: mendOf(error, node) };
    } finally {
      this.#watched?.end();
    }
  }

  async #run(): Promise<StepEnd> {
    const { action, node, step } = this.#options;
    if (node.bmc?.driver === 'none') return this.#wake();
    const stages = STAGES[action];
    const resumed = step().stage;
    for (let at = Math.max(0, stages.indexOf(resumed)); at < stages.length; at += 1) {
      const stage = stages[at] as StepStage;
      const isResumed = stage === resumed;
      this.#refuse();
      const end = await this.#stage(stage, isResumed);
      if (this.#options.isStopped()) throw new Interrupted();
      if (end === 'again') at = -1;
      else if (end !== undefined) return end;
    }
    return { stage: 'done', text: `${node.name} ${DONE[action]}` };
  }

  async #stage(stage: StepStage, isResumed: boolean): Promise<StepEnd | 'again' | undefined> {
    switch (stage) {
      case 'arming':
        return this.#arm(isResumed);
      case 'turning-off':
        return this.#turnOff();
      case 'turning-on':
        return this.#turnOn();
      case 'sent':
        return this.#send(isResumed);
      case 'awaiting-off':
        return this.#awaitOff();
      default:
        return this.#awaitBoot(isResumed);
    }
  }

  async #turnOff(): Promise<undefined> {
    const { clock, settings, save, isStopped } = this.#options;
    await save({ stage: 'turning-off' });
    const wasOn = await this.#turn('off');
    const isLast = this.#options.action === 'off';
    if (wasOn && !isLast && !isStopped()) await sleep(clock, settings().offMs);
  }

  async #turnOn(): Promise<undefined> {
    const { action, save, clock } = this.#options;
    if (action === 'network-boot') await this.#armAgain();
    await save({ stage: 'turning-on', onAt: clock.now() });
    this.#watched?.again();
    this.#onSince = clock.monotonic();
    await this.#turn('on');
  }

  async #turn(want: 'on' | 'off'): Promise<boolean> {
    const { node, fleet, clock, learned, priority, settings, isStopped } = this.#options;
    return turnPower({
      node,
      want,
      fleet,
      clock,
      learned,
      priority,
      limitMs: settings().actionMs,
      before: () => this.#await(want),
      isStopped,
    });
  }

  /** Until it may be told so. */
  async #await(want: 'on' | 'off'): Promise<void> {
    if (want === 'on') await this.#options.mayTurnOn();
    this.#refuse();
    this.#isTouched = true;
    if (want === 'on') this.#onSince = this.#options.clock.monotonic();
  }

  /** Before each command to the power: it may have waited for its turn, or for its BMC, for minutes. @throws LeftAlone */
  #refuse(): void {
    const end = this.#options.refusal(this.#isTouched);
    if (end !== undefined && !this.#options.isStopped()) throw new LeftAlone(end);
  }

  /** Over a restart by the wall clock, which may have jumped. */
  #onForMs(): number {
    const { clock, step } = this.#options;
    if (this.#onSince !== undefined) return clock.monotonic() - this.#onSince;
    return Math.max(0, clock.now() - (step().onAt ?? clock.now()));
  }

  /** Soft and reset: by looking nobody can tell whether they were sent. */
  async #send(isResumed: boolean): Promise<StepEnd | undefined> {
    const { action, node, save } = this.#options;
    const command = action === 'reset' ? 'reset' : 'soft';
    if (isResumed) {
      if (command === 'soft') {
        this.#isSoftUnsure = true;
        return undefined;
      }
      return {
        stage: 'unsure',
        text: `${node.name} may have been reset before podboot was restarted; it was not repeated`,
        mend: `Look at its console: podboot console ${node.name}`,
      };
    }
    const state = await this.#patiently((driver, deadlineMs) => powerOf(driver).read(deadlineMs));
    if (state === 'off') {
      if (command === 'soft') return { stage: 'done', text: `${node.name} is off already` };
      return {
        stage: 'failed',
        text: `${node.name} is off: there is nothing to reset`,
        mend: `podboot power on ${node.name}`,
      };
    }
    this.#refuse();
    await save({ stage: 'sent' });
    try {
      await this.#patiently((driver, deadlineMs) => powerOf(driver).act(command, deadlineMs), false);
    } catch (error) {
      // Shut down already, with a status that lags (d5): a minute of looking tells.
      const isOff = command === 'soft' && error instanceof BmcError && error.isOfState;
      if (!isOff && !(error instanceof BmcError && error.mayHaveActed)) throw error;
      if (command === 'soft') {
        this.#isSoftUnsure = true;
        return undefined;
      }
      return {
        stage: 'unsure',
        text: `${node.name} may have been reset: ${error.message}; it was not repeated`,
        mend: `Look at its console: podboot console ${node.name}`,
      };
    }
    return undefined;
  }

  async #awaitOff(): Promise<StepEnd | undefined> {
    const { node, action, clock, save, isStopped, isCancelled } = this.#options;
    await save({ stage: 'awaiting-off' });
    const startedAt = clock.monotonic();
    let askedAt = startedAt;
    while (!isStopped()) {
      const state = await this.#patiently((driver, deadlineMs) => powerOf(driver).read(deadlineMs));
      if (state === 'off') return undefined;
      if (isCancelled()) return { stage: 'cancelled', text: `${node.name} was no longer waited for; it was on` };
      if (clock.monotonic() - startedAt > SOFT_LIMIT_MS) break;
      if (this.#isSoftUnsure && clock.monotonic() - askedAt > SOFT_AGAIN_MS) {
        askedAt = clock.monotonic();
        await this.#askAgain();
      }
      await sleep(clock, LOOK_MS);
    }
    if (action === 'on-when-off')
      return { stage: 'done', text: `${node.name} has not switched itself off: it is left on` };
    return {
      stage: 'failed',
      text: `${node.name} was asked to shut down, and is still on after ${SOFT_LIMIT_MS / 60_000} min`,
      mend: `Look at its console; podboot power off ${node.name} does not ask.`,
    };
  }

  /** It has had a minute and has not begun to go down: it has not heard. */
  async #askAgain(): Promise<void> {
    try {
      await this.#patiently((driver, deadlineMs) => powerOf(driver).act('soft', deadlineMs), false);
      this.#isSoftUnsure = false;
    } catch (error) {
      if (!(error instanceof BmcError && error.mayHaveActed)) throw error;
    }
  }

  /** The guide's S11 to S13: the flag is kept past 60 s, set, and read back, which proves little and warns of much. */
  async #arm(isResumed: boolean): Promise<StepEnd | undefined> {
    const { action, node, save, step } = this.#options;
    const isNetwork = action === 'network-boot';
    await save({ stage: 'arming', ...(isNetwork && !isResumed ? { attempt: step().attempt + 1 } : {}) });
    const wanted = overrideOf(action, node);
    const found = await this.#patiently((driver, deadlineMs) => armed(driver, wanted, deadlineMs));
    if (found === 'absent') {
      const text = `the boot order of ${node.name} can’t be set from here`;
      const mend = isNetwork
        ? 'It boots from the network if its firmware’s own order says so.'
        : 'Put its disk first in its firmware.';
      if (!isNetwork) return { stage: 'failed', text, mend };
      this.#options.tell({ type: 'power.boot-order', level: 'warn', text, mend });
      return undefined;
    }
    if (!isAsSet(found, wanted))
      this.#options.tell({
        type: 'power.boot-order',
        level: 'warn',
        text: `the BMC of ${node.name} was told to boot from ${bootText(wanted)} and reads ${bootText(found)}`,
        mend: 'What it boots will show; if it lies every time, its quirk belongs into src/bmc/ipmi/quirks.ts.',
      });
    return undefined;
  }

  /** Switching off took a while, and some BMCs drop the flag with the power. */
  async #armAgain(): Promise<void> {
    const { action, node } = this.#options;
    const wanted = overrideOf(action, node);
    await this.#patiently(async (driver, deadlineMs) => {
      if (driver.bootDevice === undefined) return;
      const found = await driver.bootDevice.read(deadlineMs);
      if (found.device !== wanted.device) await driver.bootDevice.set(wanted, deadlineMs);
    });
  }

  /** S14: that the machine itself asks the network, not that its BMC says so. */
  async #awaitBoot(isResumed: boolean): Promise<StepEnd | 'again'> {
    const { node, standing, learned, save, settings, step, lock, unlock, isCancelled } = this.#options;
    await save({ stage: 'awaiting-boot' });
    const onForMs = isResumed ? this.#onForMs() : 0;
    const deadlineMs = standing.bootDeadlineMs(node);
    const lateMs = learned.of(node, 'boot').lateMs({ ...BOOT_LATE, unknownMs: deadlineMs / 2, maxMs: deadlineMs });
    unlock();
    const isSeen = standing.hasBooted(node) || (await this.#watched?.seen(Math.max(1_000, lateMs - onForMs))) === true;
    if (isSeen) {
      const bootMs = this.#onForMs();
      if (bootMs <= deadlineMs) learned.of(node, 'boot').observe(bootMs);
      await save({ bootMs });
      return {
        stage: 'done',
        text: `${node.name} has asked the network, ${Math.round(bootMs / 1_000)} s after it was switched on`,
      };
    }
    if (this.#options.isStopped()) throw new Interrupted();
    if (isCancelled() || !standing.awaitsBoot(node))
      return { stage: 'cancelled', text: `${node.name} is no longer to boot from the network` };
    if (step().attempt >= settings().bootAttempts) return this.#notSeen(lateMs);
    this.#options.tell({
      type: 'power.not-seen',
      level: 'warn',
      text: `${node.name} was switched on and has not asked the network within ${Math.round(lateMs / 1_000)} s: it is armed and started again`,
    });
    await lock();
    return 'again';
  }

  async #notSeen(lateMs: number): Promise<StepEnd> {
    const { node, step } = this.#options;
    const state = await this.#patiently((driver, deadlineMs) => powerOf(driver).read(deadlineMs)).catch(
      () => undefined,
    );
    return { stage: 'failed', ...notSeenText(node, { times: step().attempt, lateMs, isOff: state === 'off' }) };
  }

  /** Nobody can ask whether it is on; that it boots from the network it shows itself, as others do. */
  async #wake(): Promise<StepEnd> {
    const { action, node, fleet, priority, clock, save, step } = this.#options;
    if (action !== 'on' && action !== 'network-boot' && action !== 'on-when-off')
      return { stage: 'failed', text: `${node.name} has no BMC: it can only be woken`, mend: 'Use its button.' };
    const isNetwork = action === 'network-boot';
    for (;;) {
      await this.#await('on');
      await save({ stage: 'sent', onAt: clock.now(), ...(isNetwork ? { attempt: step().attempt + 1 } : {}) });
      this.#watched?.again();
      await fleet.run(node, priority, (driver, deadlineMs) => powerOf(driver).act('on', deadlineMs));
      if (!isNetwork) return { stage: 'done', text: `${wokenText(node)}; nobody can ask whether it is on` };
      const end = await this.#awaitBoot(false);
      if (end !== 'again') return end;
    }
  }

  /** @param isRepeatable not of a command whose fate is unknown once it was sent */
  async #patiently<T>(use: (driver: BmcDriver, deadlineMs: number) => Promise<T>, isRepeatable = true): Promise<T> {
    const { node, fleet, priority, clock, settings, isStopped } = this.#options;
    const startedAt = clock.monotonic();
    for (let waitMs = 1_000; ; waitMs = Math.min(15_000, waitMs * 2)) {
      try {
        return await fleet.run(node, priority, use);
      } catch (error) {
        const isOver = clock.monotonic() - startedAt > settings().actionMs;
        if (!isPassing(error) || (error.mayHaveActed && !isRepeatable) || isOver || isStopped()) throw error;
      }
      await sleep(clock, waitMs);
    }
  }
}

function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, delayMs));
}
