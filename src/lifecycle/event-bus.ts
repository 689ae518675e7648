import type { BootEvent, EventSubject } from '../domain/events.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { EventSink } from '../domain/ports.ts';

/**
 * One sink that feeds several. Each gets the debug events only if it wants them; one that throws keeps the event neither
 * from the others nor from whoever emitted it, and says so once, as a process warning.
 */
export function combineSinks(...sinks: readonly EventSink[]): EventSink {
  const failed = new Set<EventSink>();
  return {
    get wantsDebug() {
      return sinks.some((sink) => sink.wantsDebug);
    },
    emit(event: BootEvent) {
      for (const sink of sinks) {
        if (event.level === 'debug' && !sink.wantsDebug) continue;
        try {
          sink.emit(event);
        } catch (error) {
          if (!failed.has(sink)) {
            process.emitWarning(
              `A sink failed at the event ${event.type}: ${error instanceof Error ? error.message : error}`,
            );
          }
          failed.add(sink);
        }
      }
    },
  };
}

/**
 * A sink for a room that knows machines by their address alone (TFTP): with the node that has it, an event stands in that
 * node's timeline and the log names it.
 */
export function nameSubjects(sink: EventSink, holderOf: (address: Ipv4) => EventSubject): EventSink {
  return {
    get wantsDebug() {
      return sink.wantsDebug;
    },
    emit(event: BootEvent) {
      const { address, nodeId, key } = event.subject;
      const isNamed = address === undefined || nodeId !== undefined || key !== undefined;
      sink.emit(isNamed ? event : { ...event, subject: { ...holderOf(address), ...event.subject } });
    },
  };
}
