import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProcessUse } from './sources.ts';

/** A timer of this interval finds out how late the loop comes: 50 wakes a second, from the first scrape on. */
const RESOLUTION_MS = 20;
const NANOSECONDS = 1e9;
const PERCENTILES = [50, 99, 100];

/** Made at the first scrape: a daemon that nobody watches pays nothing. */
export class ProcessMeter {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delay.enable();
  }

  use(): ProcessUse {
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    return {
      residentBytes: rss,
      heapBytes: heapUsed,
      cpuSeconds: (user + system) / 1e6,
      openFiles: openFiles(),
      startedAt: Math.round(Date.now() / 1_000 - process.uptime()),
      loopDelaySeconds: this.#takeDelays(),
    };
  }

  /** What is measured is the whole interval; how much of it was too long is the delay. */
  #takeDelays(): ReadonlyMap<string, number> {
    const delays = PERCENTILES.map((percentile) => {
      const seconds = this.#delay.count === 0 ? 0 : this.#delay.percentile(percentile) / NANOSECONDS;
      return [String(percentile), Math.max(0, seconds - RESOLUTION_MS / 1_000)] as const;
    });
    this.#delay.reset();
    return new Map(delays);
  }
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
