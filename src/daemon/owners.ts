import type { Node } from '../domain/node.ts';
import type { Clock, EventSink, NodeDirectory, StoreChange, StoreSnapshot } from '../domain/ports.ts';
import type { SeenOwner } from '../runners/deploy/decision.ts';
import type { DeployOwners } from '../runners/deploy/ports.ts';
import { OwnerDesk } from '../runners/owner/owner-desk.ts';
import { isOver } from '../runners/owner/owner-step.ts';
import type { Schedulers } from './schedulers.ts';
import type { Service } from './service-group.ts';

export interface OwnerParts {
  readonly documents: StoreSnapshot['documents'];
  readonly nodes: NodeDirectory;
  readonly schedulers: Schedulers;
  readonly commit: (batch: readonly StoreChange[]) => Promise<void>;
  readonly clock: Clock;
  readonly events: EventSink;
}

export interface Owners {
  readonly desk: OwnerDesk;
  readonly forPlans: DeployOwners;
  readonly service: Service;
  /** What it has to hear of: nodes that are no more. */
  readonly sink: EventSink;
}

/** Of a deployment plan, which has deadlines of its own. */
const PLAN_WAIT_MS = 24 * 3_600_000;

/** Who may use which node, with what it needs of the other rooms. */
export function createOwners({ documents, nodes, schedulers, commit, clock, events }: OwnerParts): Owners {
  const desk = new OwnerDesk({
    changes: documents.owner ?? [],
    world: () => schedulers.world(),
    ...{ commit, clock, events },
  });
  return {
    desk,
    forPlans: {
      look: (name) => seen(desk, nodes.byName(name)),
      async give(names, to, by) {
        for (const name of names) {
          const node = nodes.byName(name);
          if (node !== undefined) await desk.ask(node, { to, by, force: false, waitMs: PLAN_WAIT_MS });
        }
      },
    },
    service: {
      start: async () => desk.start(),
      reload: async () => {},
      stop: async () => {
        await desk.stop();
        await schedulers.close();
      },
    },
    sink: {
      wantsDebug: false,
      emit: ({ type, subject }) => {
        if (type !== 'node.removed' || subject.nodeId === undefined) return;
        desk.forget(subject.nodeId).catch((error: unknown) => {
          const text = `the owner of a removed node stays: ${error instanceof Error ? error.message : String(error)}`;
          events.emit({ type: 'owner.stuck-record', level: 'warn', subject, text, throttle: 'forget' });
        });
      },
    },
  };
}

function seen(desk: OwnerDesk, node: Node | undefined): SeenOwner | undefined {
  const change = node === undefined ? undefined : desk.change(node.id);
  if (change === undefined) return undefined;
  const { from, to, stage, waitsFor, trouble } = change;
  if (!isOver(change)) return { owner: from, underWay: waitsFor?.slice(0, 3).join(', ') ?? stage };
  if (stage === 'done') return { owner: to };
  return { owner: stage === 'put-back' ? from : 'none', trouble: trouble ?? stage };
}
