import { BmcError, type PowerControl, type PowerState } from '../bmc/driver.ts';
import type { Node } from '../domain/node.ts';
import type { Clock } from '../domain/ports.ts';
import type { Fleet } from './fleet.ts';
import type { LearnedTimes } from './learned-times.ts';
import type { Priority } from './scheduler.ts';

export interface TurnOptions {
  readonly node: Node;
  readonly want: PowerState;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly learned: LearnedTimes;
  readonly priority: Priority;
  /** Until it has to read so. */
  readonly limitMs: number;
  /** Before each command; what it throws ends it. */
  readonly before: () => Promise<void>;
  readonly isStopped: () => boolean;
}

const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 5_000;
/** On and off may be said again: a BMC that was starting has swallowed them. */
const MAX_SENDINGS = 3;
/** Over what a slow model is known to take. */
const SLOW_MARGIN = 1.5;
const AGAIN = { unknownMs: 60_000, minMs: 15_000, maxMs: 240_000 };

/** What can pass by itself: nothing answers now, or all sessions are taken. */
export function isPassing(error: unknown): error is BmcError {
  return (
    error instanceof BmcError &&
    (error.failure === 'unreachable' || error.failure === 'no-answer' || error.failure === 'busy')
  );
}

/**
 * On or off, until the BMC reads so: looks, acts where it has to, looks again. A command whose fate nobody knows is followed
 * by a look and not by another one; so is one that the BMC can't do in its present state.
 *
 * @returns whether it was otherwise before
 * @throws BmcError where it can't be had in time
 */
export async function turnPower(options: TurnOptions): Promise<boolean> {
  const { node, want, fleet, clock, learned, priority, limitMs, isStopped } = options;
  const time = learned.of(node, want);
  const startedAt = clock.monotonic();
  let sentAt: number | undefined;
  let sendings = 0;
  let lookMs = FIRST_LOOK_MS;
  let last: BmcError | undefined;
  /** The BMC refused it for the state that it is in: what it reads afterwards is not what the command took. */
  let isOfState = false;
  /** Of a model that is known for it. */
  let slowMs = 0;
  while (!isStopped()) {
    try {
      const state = await fleet.run(node, priority, (driver, deadlineMs) => powerOf(driver).read(deadlineMs));
      if (state === want) {
        if (sentAt !== undefined && sendings === 1 && !isOfState) time.observe(clock.monotonic() - sentAt);
        return sendings > 0;
      }
      const isLate = sentAt === undefined || clock.monotonic() - sentAt > Math.max(slowMs, time.lateMs(AGAIN));
      if (isLate && sendings < MAX_SENDINGS) {
        await options.before();
        if (isStopped()) break;
        sendings += 1;
        sentAt = clock.monotonic();
        lookMs = FIRST_LOOK_MS;
        await fleet.run(node, priority, async (driver, deadlineMs) => {
          const control = powerOf(driver);
          await control.act(want, deadlineMs);
          slowMs = control.slowMs?.() ?? 0;
        });
      }
    } catch (error) {
      if (!isPassing(error) && !(error instanceof BmcError && (error.mayHaveActed || error.isOfState))) throw error;
      last = error;
      // d5: it is so already and its status lags, or it is on its way. Looked at again, and told again where that is late.
      isOfState ||= error.isOfState;
      // It is known not to have been sent: the next look may send it.
      if (!error.mayHaveActed && sentAt !== undefined && sendings > 0 && error.failure === 'busy') {
        sendings -= 1;
        sentAt = undefined;
      }
    }
    const boundMs = Math.max(limitMs, slowMs * SLOW_MARGIN);
    if (clock.monotonic() - startedAt > boundMs) throw tooLate(want, boundMs, sendings, last);
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, lookMs));
    lookMs = Math.min(LONGEST_LOOK_MS, lookMs * 1.6);
  }
  throw new BmcError('no-answer', 'podboot is stopping');
}

/** @throws BmcError */
export function powerOf(driver: { readonly power?: PowerControl }) {
  if (driver.power !== undefined) return driver.power;
  throw new BmcError('refused', 'the BMC has no control over power');
}

function tooLate(want: PowerState, limitMs: number, sendings: number, last: BmcError | undefined): BmcError {
  const seconds = Math.round(limitMs / 1_000);
  if (sendings === 0 && last !== undefined) return last;
  const why = last === undefined ? '' : `; last: ${last.message}`;
  return new BmcError(
    last?.isOfState === true ? 'refused' : 'no-answer',
    `it was told to be ${want}, and is not after ${seconds} s${why}`,
    {
      mayHaveActed: sendings > 0,
    },
  );
}
