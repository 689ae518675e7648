import type { BootEvent } from '../domain/events.ts';
import type { EffectOutcome, EffectPort } from '../domain/install-ports.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { EffectKind } from '../domain/node-life.ts';
import type { Clock, EventSink, NodeDirectory } from '../domain/ports.ts';
import type { LifeCore } from './life-core.ts';
import type { LifeEvent, LifeEventKind } from './life-events.ts';
import { lifeOf } from './life-memory.ts';
import { subjectOfNode } from './life-words.ts';

/** What became of an effect: `by-hand` where nothing here can do it. */
type Fate = 'done' | 'failed' | 'by-hand';

/** What the life is told of it. */
const EVENT_OF: Readonly<Record<EffectKind, Partial<Readonly<Record<Fate, LifeEventKind>>>>> = {
  'network-boot': { done: 'powered-on', failed: 'power-failed', 'by-hand': 'power-by-hand' },
  'power-on': {},
  'disk-first': {},
  'hand-off': { done: 'hand-off-started', failed: 'hand-off-failed' },
};

/** What a person is to do where nothing here can. `hand-off`: nothing, no runner is configured. */
const BY_HAND: Readonly<Record<EffectKind, ((name: string) => { text: string; mend: string }) | undefined>> = {
  'network-boot': (name) => ({
    text: `${name} is armed; nothing here can power it`,
    mend: `Power ${name} on yourself, booting from the network this once.`,
  }),
  'power-on': (name) => ({
    text: `the installer of ${name} switches the machine off when it is done; nothing here can power it`,
    mend: `Power ${name} on again yourself, booting from its disk.`,
  }),
  'disk-first': (name) => ({
    text: `the boot order of ${name} is left as it is: nothing here can change it`,
    mend: `If you changed it for the installation, put its disk first again; asked from the network, ${name} is sent to its disk all the same.`,
  }),
  'hand-off': undefined,
};

export interface EffectRunnerOptions {
  readonly core: LifeCore;
  readonly nodes: NodeDirectory;
  readonly ports: readonly EffectPort[];
  readonly clock: Clock;
  readonly events: EventSink;
}

/**
 * Carries effects out by whoever fulfils them. An effect stays in the node's life, on disk, until it is known what became of
 * it, so a restart takes it up again; it is begun once at a time.
 */
export class EffectRunner {
  readonly #options: EffectRunnerOptions;
  readonly #ports: ReadonlyMap<EffectKind, EffectPort>;
  readonly #underWay = new Set<string>();

  constructor(options: EffectRunnerOptions) {
    this.#options = options;
    this.#ports = new Map(options.ports.map((port) => [port.kind, port]));
  }

  /** Begins what is pending of the node. */
  takeUp(nodeId: NodeId): void {
    const node = this.#options.nodes.byId(nodeId);
    if (node === undefined) return;
    for (const kind of this.#options.core.memory.life(nodeId)?.pending ?? []) {
      const key = `${nodeId} ${kind}`;
      if (this.#underWay.has(key)) continue;
      this.#underWay.add(key);
      void this.#carryOut(node, kind).finally(() => {
        this.#underWay.delete(key);
        // It may have been asked for again while it was under way.
        if (this.#options.core.memory.life(nodeId)?.pending?.includes(kind) === true) this.#retryLater(nodeId);
      });
    }
  }

  /** The store was busy or broken when the outcome was to be put down. */
  #retryLater(nodeId: NodeId): void {
    this.#options.clock.setTimeout(() => this.takeUp(nodeId), 1_000);
  }

  async #carryOut(node: Node, kind: EffectKind): Promise<void> {
    const outcome = await this.#attempt(node, kind);
    const fate: Fate = outcome === undefined ? 'by-hand' : outcome.done ? 'done' : 'failed';
    await this.#putDown(node, kind, fate, outcome).catch((error: unknown) => {
      this.#options.events.emit({
        type: 'life.not-stored',
        level: 'error',
        subject: subjectOfNode(node),
        text: `what became of ${kind} for ${node.name} could not be stored: ${error instanceof Error ? error.message : String(error)}`,
        throttle: node.id,
      });
    });
  }

  async #attempt(node: Node, kind: EffectKind): Promise<EffectOutcome | undefined> {
    try {
      return await this.#ports.get(kind)?.perform(node);
    } catch (error) {
      return { done: false, text: error instanceof Error ? error.message : String(error) };
    }
  }

  async #putDown(node: Node, kind: EffectKind, fate: Fate, outcome: EffectOutcome | undefined): Promise<void> {
    const { core, clock } = this.#options;
    await core.writer.write((draft, tell) => {
      const life = lifeOf(draft, node);
      // The life has gone on: nobody waits for this any more.
      if (life.pending?.includes(kind) !== true) return;
      const { pending, ...rest } = life;
      const left = pending.filter((each) => each !== kind);
      draft.putLife({ ...rest, ...(left.length === 0 ? {} : { pending: left }), version: life.version + 1 });
      const told = effectEvent(node, kind, fate, outcome);
      if (told !== undefined) tell(told);
      const event = EVENT_OF[kind][fate];
      if (event !== undefined) core.happen(draft, tell, node, lifeEvent(event, clock.now(), outcome));
    });
  }
}

function lifeEvent(kind: LifeEventKind, at: number, outcome: EffectOutcome | undefined): LifeEvent {
  if (outcome === undefined || outcome.done) return { kind, at };
  const { text, mend } = outcome;
  return { kind, at, fault: { code: kind, text, ...(mend === undefined ? {} : { mend }) } };
}

function effectEvent(
  node: Node,
  kind: EffectKind,
  fate: Fate,
  outcome: EffectOutcome | undefined,
): BootEvent | undefined {
  const subject = subjectOfNode(node);
  if (outcome !== undefined) {
    const mend = outcome.done ? undefined : outcome.mend;
    return {
      type: `effect.${kind}`,
      level: fate === 'failed' ? 'warn' : 'info',
      subject,
      text: outcome.text,
      ...(mend === undefined ? {} : { mend }),
      data: { effect: kind, fate },
    };
  }
  const words = BY_HAND[kind]?.(node.name);
  return words === undefined
    ? undefined
    : { type: `effect.${kind}`, level: 'info', subject, ...words, data: { effect: kind, fate } };
}
