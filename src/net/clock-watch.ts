import type { Clock, EventSink, Timer } from '../domain/ports.ts';

const CHECK_MS = 10_000;
/** Slewing by an NTP client moves a clock by 0.5 ms a second at most: 5 ms between two checks. */
const JUMP_MS = 2_000;

/**
 * Tells when the wall clock jumps. Nothing in the daemon waits or expires by the wall clock, so a jump harms no lease;
 * but times in the log and in the store are off around it, and installers refuse certificates by a wrong clock.
 */
export function watchClock(clock: Clock, events: EventSink): Timer {
  let wallMs = clock.now();
  let steadyMs = clock.monotonic();
  let timer: Timer;
  const check = () => {
    const jumpMs = clock.now() - wallMs - (clock.monotonic() - steadyMs);
    wallMs = clock.now();
    steadyMs = clock.monotonic();
    if (Math.abs(jumpMs) >= JUMP_MS) events.emit(jumpEvent(jumpMs));
    timer = clock.setTimeout(check, CHECK_MS);
  };
  timer = clock.setTimeout(check, CHECK_MS);
  return { cancel: () => timer.cancel() };
}

function jumpEvent(jumpMs: number) {
  const seconds = Math.round(Math.abs(jumpMs) / 1_000);
  return {
    type: 'host.clock-jump',
    level: 'warn',
    subject: {},
    text: `the clock of this machine jumped ${jumpMs > 0 ? 'forward' : 'back'} by ${seconds} s; leases go on as they were`,
    mend: 'Let an NTP client keep the clock (apt-get install chrony); times in the log before and after do not compare.',
    data: { jumpSeconds: Math.round(jumpMs / 1_000) },
  } as const;
}
