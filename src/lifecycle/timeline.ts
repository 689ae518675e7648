import type { BootEvent } from '../domain/events.ts';
import { clientIdKey, type InterfaceKey, macKey } from '../domain/lease.ts';
import type { Node } from '../domain/node.ts';
import type { Clock, EventSink } from '../domain/ports.ts';
import { EventRings, type RingLimits } from './event-rings.ts';

export interface TimelineEntry {
  /** Grows with each event of this process: for reading on from a place. */
  readonly sequence: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly event: BootEvent;
}

/** The recent steps of every node, of machines that are not enrolled, and of the daemon itself; in memory, bounded. */
export interface Timeline extends EventSink {
  /** In the order in which they happened; with what the node's interfaces did before they were enrolled. */
  ofNode(node: Node): readonly TimelineEntry[];
  /** Of a machine that is not enrolled. */
  ofStranger(key: InterfaceKey): readonly TimelineEntry[];
  /** What is about no machine: listeners, reloads, other DHCP servers. */
  ofDaemon(): readonly TimelineEntry[];
}

export interface TimelineLimits {
  readonly nodes: RingLimits;
  readonly strangers: RingLimits;
  readonly daemon: number;
}

/** A boot is about 20 events; an entry takes some 400 bytes, so that all of it stays under 20 MB. */
const DEFAULT_LIMITS: TimelineLimits = {
  nodes: { perSubject: 100, subjects: 20_000, total: 40_000 },
  strangers: { perSubject: 20, subjects: 500, total: 4_000 },
  daemon: 200,
};

const DAEMON = '';
const REPEAT_MS = 1_000;

export function createTimeline(options: { readonly clock: Clock; readonly limits?: TimelineLimits }): Timeline {
  const limits = options.limits ?? DEFAULT_LIMITS;
  // Apart from each other: strangers who make up MAC addresses must not push a node's history out.
  const nodes = new EventRings<TimelineEntry>(limits.nodes);
  const strangers = new EventRings<TimelineEntry>(limits.strangers);
  const daemon = new EventRings<TimelineEntry>({ perSubject: limits.daemon, subjects: 1, total: limits.daemon });
  let sequence = 0;

  /** What a stranger can cause at will must not push the rest out: the same again within a second is left out. */
  function isRepeated(last: TimelineEntry | undefined, event: BootEvent): boolean {
    return (
      last !== undefined &&
      event.throttle !== undefined &&
      last.event.type === event.type &&
      last.event.throttle === event.throttle &&
      Math.abs(options.clock.now() - last.at) < REPEAT_MS
    );
  }

  function add(rings: EventRings<TimelineEntry>, subject: string, event: BootEvent): void {
    if (isRepeated(rings.of(subject).at(-1), event)) return;
    sequence += 1;
    rings.add(subject, { sequence, at: options.clock.now(), event });
  }

  return {
    wantsDebug: false,
    emit(event) {
      const { nodeId, key } = event.subject;
      if (nodeId !== undefined) {
        if (event.type === 'node.removed') nodes.forget(nodeId);
        else add(nodes, nodeId, event);
      } else if (key !== undefined) add(strangers, key, event);
      else add(daemon, DAEMON, event);
    },
    ofNode(node) {
      const before = node.interfaces.flatMap((candidate) => [
        ...(candidate.mac === undefined ? [] : strangers.of(macKey(candidate.mac))),
        ...(candidate.clientId === undefined ? [] : strangers.of(clientIdKey(candidate.clientId))),
      ]);
      const own = nodes.of(node.id);
      return before.length === 0 ? own : [...before, ...own].sort((one, other) => one.sequence - other.sequence);
    },
    ofStranger: (key) => strangers.of(key),
    ofDaemon: () => daemon.of(DAEMON),
  };
}
