import type { BootEvent } from '../domain/events.ts';
import { formatIpv4 } from '../domain/ipv4.ts';
import type { Lease } from '../domain/lease.ts';
import type { Node } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';
import type { StoredEvent } from '../domain/stored-event.ts';
import { faultView } from './life-views.ts';
import type { LeaseView } from './schemas/lease.ts';
import type { NodeView } from './schemas/node.ts';
import type { TimelineEntryView } from './schemas/timeline.ts';

/** @param life absent where nobody keeps it (tools) */
export function nodeView(node: Node, life?: NodeLife): NodeView {
  return {
    ...node,
    ...(life === undefined ? {} : lifeFields(life)),
    interfaces: node.interfaces.map(({ address, ...rest }) => ({
      ...rest,
      ...(address === undefined ? {} : { address: formatIpv4(address) }),
    })),
    createdAt: time(node.createdAt),
    updatedAt: time(node.updatedAt),
  };
}

function lifeFields({ state, step, fault, reason }: NodeLife) {
  return {
    state,
    ...(step === undefined ? {} : { step }),
    ...(fault === undefined ? {} : { fault: faultView(fault) }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** A node's name and id, never its version alone: a node that took a removed one's name starts at 1 again. */
export function entityTag(node: Node, life?: NodeLife): string {
  return `"${node.id}.${node.version}${life === undefined || life.version === 0 ? '' : `-${life.version}`}"`;
}

/** The tag of the record alone: a change of the record does not mind what happens in the node's life meanwhile. */
export function recordTag(tag: string): string {
  return tag.replace(/(\.[0-9]+)-[0-9]+"$/, '$1"');
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
