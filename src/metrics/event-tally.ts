import type { BootEvent } from '../domain/events.ts';
import type { EventSink } from '../domain/ports.ts';

/** Types are words of the code: some hundred. */
const MOST_TYPES = 512;

/** Warnings and errors by type: what an alarm of Prometheus's looks at. */
export class EventTally implements EventSink {
  readonly wantsDebug = false;
  readonly counts = new Map<string, number>();

  emit({ type, level }: BootEvent): void {
    if (level !== 'warn' && level !== 'error') return;
    const count = this.counts.get(type);
    if (count === undefined && this.counts.size >= MOST_TYPES) return;
    this.counts.set(type, (count ?? 0) + 1);
  }
}
