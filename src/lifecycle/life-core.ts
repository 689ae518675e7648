import type { BootEvent } from '../domain/events.ts';
import type { Node } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';
import type { DeadlineTimes, LifecycleSettings } from '../domain/settings.ts';
import type { LifeEvent } from './life-events.ts';
import { type Draft, type LifeMemory, lifeOf } from './life-memory.ts';
import { lifeChangeEvent } from './life-words.ts';
import type { LifeWriter } from './life-writer.ts';
import { transition } from './transition.ts';

/** What everything that changes lives works with. */
export interface LifeCore {
  readonly memory: LifeMemory;
  readonly writer: LifeWriter;
  readonly settings: () => LifecycleSettings;
  /** Lets an event happen in a draft; says what comes of it. The life as it was where nothing does. */
  happen(draft: Draft, tell: (event: BootEvent) => void, node: Node, event: LifeEvent): NodeLife;
}

export function createLifeCore(parts: Omit<LifeCore, 'happen'>): LifeCore {
  return {
    ...parts,
    happen(draft, tell, node, event) {
      const life = lifeOf(draft, node);
      const { next } = transition(life, event, deadlinesOf(node, parts.settings()));
      if (next === life) return life;
      draft.putLife(next);
      tell(lifeChangeEvent(node, life, next, event));
      return next;
    },
  };
}

/** By the node's platform: its label `platform`, or its group. */
export function deadlinesOf(node: Node, settings: LifecycleSettings): DeadlineTimes {
  const platform = settings.platforms.get(node.labels.platform ?? '') ?? settings.platforms.get(node.group ?? '');
  return platform ?? settings.deadlines;
}
