import type { BootEvent } from '../domain/events.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { Lease } from '../domain/lease.ts';
import type { Node } from '../domain/node.ts';
import type { StoredEvent } from '../domain/stored-event.ts';
import type { LeaseView } from './schemas/lease.ts';
import type { NodeView } from './schemas/node.ts';
import type { TimelineEntryView } from './schemas/timeline.ts';

export function nodeView(node: Node): NodeView {
  return {
    ...node,
    interfaces: node.interfaces.map(({ address, ...rest }) => ({
      ...rest,
      ...(address === undefined ? {} : { address: formatIpv4(address) }),
    })),
    createdAt: time(node.createdAt),
    updatedAt: time(node.updatedAt),
  };
}

/** A node's name and id, never its version alone: a node that took a removed one's name starts at 1 again. */
export function entityTag(node: Node): string {
  return `"${node.id}.${node.version}"`;
}

export function leaseView(lease: Lease, node: Node | undefined): LeaseView {
  const { nodeId: _, address, startsAt, expiresAt, ...rest } = lease;
  return {
    ...rest,
    address: formatIpv4(address),
    ...(node === undefined ? {} : { node: node.name }),
    startsAt: time(startsAt),
    ...(expiresAt === null ? {} : { expiresAt: time(expiresAt) }),
  };
}

export function timelineEntryView({ sequence, at, event }: StoredEvent): TimelineEntryView {
  const { type, level, text, mend, data } = event;
  return {
    sequence,
    at: time(at),
    type,
    level,
    text,
    ...(mend === undefined ? {} : { mend }),
    ...subjectView(event),
    ...(data === undefined ? {} : { data }),
  };
}

function subjectView({ subject }: BootEvent) {
  return {
    ...(subject.nodeName === undefined ? {} : { node: subject.nodeName }),
    ...(subject.nodeId === undefined ? {} : { nodeId: subject.nodeId }),
    ...(subject.key === undefined ? {} : { key: subject.key }),
    ...(subject.address === undefined ? {} : { address: formatIpv4(subject.address) }),
    ...(subject.interfaceName === undefined ? {} : { interface: subject.interfaceName }),
  };
}

/** A time that no calendar has (a clock that ran wild) must not make a list unreadable. */
function time(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString();
}
