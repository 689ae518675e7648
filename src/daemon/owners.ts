import type { Clock, EventSink, NodeDirectory, StoreChange, StoreSnapshot } from '../domain/ports.ts';
import type { DeployOwners } from '../runners/deploy/ports.ts';
import { OwnerDesk } from '../runners/owner/owner-desk.ts';
import { deployOwners } from './owners-for-plans.ts';
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

/** Who may use which node, with what it needs of the other rooms. */
export function createOwners({ documents, nodes, schedulers, commit, clock, events }: OwnerParts): Owners {
  const desk = new OwnerDesk({
    changes: documents.owner ?? [],
    world: () => schedulers.world(),
    ...{ commit, clock, events },
  });
  return {
    desk,
    forPlans: deployOwners(desk, nodes),
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
