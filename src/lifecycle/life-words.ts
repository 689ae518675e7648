import type { BootEvent, EventSubject } from '../domain/events.ts';
import type { Node } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';
import { EVENT_TEXT, type LifeEvent } from './life-events.ts';

export function subjectOfNode(node: Pick<Node, 'id' | 'name'>): EventSubject {
  return { nodeId: node.id, nodeName: node.name };
}

/** A step of a node's life, for the timeline and the log. */
export function lifeChangeEvent(node: Node, before: NodeLife, next: NodeLife, event: LifeEvent): BootEvent {
  const moves = before.state !== next.state;
  const fault = next.fault !== undefined && next.fault !== before.fault ? next.fault : undefined;
  const where = moves ? `${before.state} → ${next.state}` : placeText(next);
  const who = event.by === undefined ? '' : ` (${event.by}${event.reason === undefined ? '' : `: ${event.reason}`})`;
  const why = fault?.text ?? `${EVENT_TEXT[event.kind]}${who}`;
  return {
    type: fault === undefined ? (moves ? 'life.state' : 'life.step') : 'life.fault',
    level: fault === undefined ? 'info' : 'warn',
    subject: subjectOfNode(node),
    text: `${node.name} is ${where}: ${why}`.replace(
      `${node.name} is ${before.state} →`,
      `${node.name}: ${before.state} →`,
    ),
    ...(fault?.mend === undefined ? {} : { mend: fault.mend }),
    data: {
      state: next.state,
      ...(next.step === undefined ? {} : { step: next.step }),
      event: event.kind,
      ...(fault === undefined ? {} : { fault: fault.code }),
      ...(event.by === undefined ? {} : { by: event.by }),
    },
  };
}

export function placeText({ state, step }: Pick<NodeLife, 'state' | 'step'>): string {
  return step === undefined ? state : `${state} (${step})`;
}
