import { Conflict } from '../domain/errors.ts';
import type { Node } from '../domain/node.ts';
import type { NodeLife, NodeState } from '../domain/node-life.ts';
import type { Clock } from '../domain/ports.ts';
import { ended, isArmed, personText } from './grant-rules.ts';
import type { LifeCore } from './life-core.ts';
import { deadlinesOf } from './life-core.ts';
import type { LifeEvent } from './life-events.ts';
import { currentGrant, expectVersion, type LifeView, lifeOf } from './life-memory.ts';
import { placeText } from './life-words.ts';
import { transition } from './transition.ts';

export const NODE_COMMANDS = [
  'maintenance',
  'leave-maintenance',
  'retire',
  'reinstate',
  'ready',
  'clear-fault',
] as const;
export type NodeCommand = (typeof NODE_COMMANDS)[number];

export interface CommandRequest {
  /** A person's name. */
  readonly by: string;
  readonly reason?: string;
  /** Of the life, where the command is only meant for what was read. */
  readonly expectedVersion?: number;
}

export type CommandVerdict =
  | { readonly verdict: 'do'; readonly text: string; readonly next: NodeState }
  | { readonly verdict: 'already'; readonly text: string }
  | { readonly verdict: 'refuse'; readonly text: string; readonly mend?: string };

const EVENT_OF = {
  maintenance: 'maintenance-entered',
  'leave-maintenance': 'maintenance-left',
  retire: 'retired',
  reinstate: 'reinstated',
  ready: 'made-ready',
  'clear-fault': 'fault-cleared',
} as const;

/** Where a node is already when a command would change nothing. */
const ALREADY: Readonly<Partial<Record<NodeCommand, NodeState>>> = {
  maintenance: 'maintenance',
  retire: 'retired',
  ready: 'ready',
};

/** What named persons command. */
export class NodeCommands {
  readonly #core: LifeCore;
  readonly #clock: Clock;

  constructor(options: { readonly core: LifeCore; readonly clock: Clock }) {
    this.#core = options.core;
    this.#clock = options.clock;
  }

  /** What a command would come to. */
  judge(node: Node, command: NodeCommand, request: CommandRequest): CommandVerdict {
    return this.#judgeIn(this.#core.memory, node, command, request);
  }

  /** On disk when it resolves. @throws Conflict where it makes no sense in the node's state, VersionMismatch */
  async command(node: Node, command: NodeCommand, request: CommandRequest): Promise<NodeLife> {
    return await this.#core.writer.write((draft, tell) => {
      const life = lifeOf(draft, node);
      expectVersion(node, life, request.expectedVersion);
      const verdict = this.#judgeIn(draft, node, command, request);
      if (verdict.verdict === 'already') return life;
      if (verdict.verdict === 'refuse') throw new Conflict(verdict.text, [], verdict.mend);
      const now = this.#clock.now();
      const grant = currentGrant(draft, node.id);
      if (command === 'retire' && (grant?.state === 'armed' || grant?.state === 'claimed')) {
        const state = grant.state === 'armed' ? 'revoked' : 'spent';
        draft.putGrant(ended(grant, state, now, `its node was retired by ${request.by}`));
      }
      return this.#core.happen(draft, tell, node, this.#eventOf(draft, node, command, request));
    });
  }

  #judgeIn(view: LifeView, node: Node, command: NodeCommand, request: CommandRequest): CommandVerdict {
    const life = lifeOf(view, node);
    const event = this.#eventOf(view, node, command, request);
    const { next } = transition(life, event, deadlinesOf(node, this.#core.settings()));
    if (next !== life) {
      const verb = next.state === life.state ? 'loses its fault' : `goes to ${next.state}`;
      return { verdict: 'do', text: `${node.name} (${placeText(life)}) ${verb}`, next: next.state };
    }
    if (ALREADY[command] === life.state || (command === 'clear-fault' && life.fault === undefined)) {
      return { verdict: 'already', text: `${node.name} is ${placeText(life)} already${personText(life)}` };
    }
    const text = `${node.name} is ${placeText(life)}${personText(life)}: ${command} makes no sense there`;
    const mend = life.state === 'retired' ? `podboot reinstate ${node.name}` : undefined;
    return { verdict: 'refuse', text, ...(mend === undefined ? {} : { mend }) };
  }

  #eventOf(view: LifeView, node: Node, command: NodeCommand, { by, reason }: CommandRequest): LifeEvent {
    const grant = currentGrant(view, node.id);
    const at = this.#clock.now();
    return {
      kind: EVENT_OF[command],
      at,
      by,
      ...(reason === undefined ? {} : { reason }),
      armed: grant !== undefined && isArmed(grant, at),
    };
  }
}
