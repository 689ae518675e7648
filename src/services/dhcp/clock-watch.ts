import type { Clock, EventSink, Timer } from '../../domain/ports.ts';

const LOOK_EVERY_MS = 10_000;
/** NTP slews below that; more is a jump, or a slew that has gone on for hours. */
const JUMP_MS = 5_000;

export interface ClockWatchOptions {
  readonly clock: Clock;
  readonly events: EventSink;
  /** The wall clock is another one now: write again what is stored by it. */
  readonly jumped: () => void;
}

/**
 * Sees the wall clock jump. The leases in memory do not care; those on disk are stamped by it, and a restart would take
 * them for ended.
 */
export class ClockWatch {
  readonly #options: ClockWatchOptions;
  #offsetMs: number;
  #timer: Timer | undefined;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#offsetMs = this.#offset();
  }

  start(): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#look();
      this.start();
    }, LOOK_EVERY_MS);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #offset(): number {
    return this.#options.clock.now() - this.#options.clock.monotonic();
  }

  #look(): void {
    const offset = this.#offset();
    const jumpMs = offset - this.#offsetMs;
    if (Math.abs(jumpMs) < JUMP_MS) return;
    this.#offsetMs = offset;
    this.#options.events.emit({
      type: 'dhcp.clock-jumped',
      level: 'warn',
      subject: {},
      text: `the clock jumped by ${Math.round(jumpMs / 1000)} s: leases keep what was left of them, and are written anew`,
      mend: 'let chrony or systemd-timesyncd keep the time, and start podboot after time-sync.target',
      data: { jumpMs: Math.round(jumpMs) },
    });
    this.#options.jumped();
  }
}
