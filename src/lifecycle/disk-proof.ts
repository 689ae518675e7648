import type { HostKeyProbe } from '../domain/install-ports.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { Node, NodeId } from '../domain/node.ts';
import type { NodeLife } from '../domain/node-life.ts';
import type { Clock, EventSink, NodeDirectory } from '../domain/ports.ts';
import { AlarmClock } from './alarm-clock.ts';
import type { LifeCore } from './life-core.ts';
import { lifeOf } from './life-memory.ts';
import { subjectOfNode } from './life-words.ts';

export interface DiskProofOptions {
  readonly core: LifeCore;
  readonly nodes: NodeDirectory;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly probe: HostKeyProbe;
}

/** The installer ends, the machine goes through its firmware: nothing answers before that, and its own callback may come. */
const FIRST_LOOK_MS = 30_000;
const LOOK_MS = 30_000;
/** A system that has not answered in the first hour waits for a person. */
const EAGER_MS = 3_600_000;
const PATIENT_LOOK_MS = 300_000;
const MAX_AT_ONCE = 8;

/**
 * The other proof of an installation, beside the first boot's callback: an SSH server that holds one of the host keys which
 * the installer told of. Neither the installer nor the system that was on the disk before has these keys, so whoever answers
 * with one runs from the disk. A node whose installer told of no key is not asked.
 */
export class DiskProof {
  readonly #options: DiskProofOptions;
  readonly #alarms: AlarmClock;
  readonly #stop = new AbortController();
  readonly #underWay = new Map<NodeId, Promise<void>>();
  /** In the order in which they fell due. */
  readonly #due = new Set<NodeId>();

  constructor(options: DiskProofOptions) {
    this.#options = options;
    this.#alarms = new AlarmClock(options.clock, (nodeId) => this.#begin(nodeId));
  }

  /** A life that was put down, or was found at the start. */
  follow(nodeId: NodeId, life: NodeLife | undefined): void {
    if (this.#underWay.has(nodeId)) return;
    const isWaiting = life !== undefined && awaitsProof(life);
    this.#alarms.set(nodeId, isWaiting ? this.#options.clock.now() + FIRST_LOOK_MS : null);
  }

  /** What is under way is given up. */
  async stop(): Promise<void> {
    this.#alarms.stop();
    this.#due.clear();
    this.#stop.abort();
    await Promise.all(this.#underWay.values());
  }

  #begin(nodeId: NodeId): void {
    this.#due.add(nodeId);
    this.#next();
  }

  #next(): void {
    for (const nodeId of this.#due) {
      if (this.#underWay.size >= MAX_AT_ONCE) return;
      this.#due.delete(nodeId);
      const look = this.#look(nodeId).finally(() => {
        this.#underWay.delete(nodeId);
        this.#again(nodeId);
        this.#next();
      });
      this.#underWay.set(nodeId, look);
    }
  }

  #again(nodeId: NodeId): void {
    if (this.#stop.signal.aborted) return;
    const { core, clock } = this.#options;
    const life = core.memory.life(nodeId);
    if (life === undefined || !awaitsProof(life)) return;
    const everyMs = clock.now() - life.since > EAGER_MS ? PATIENT_LOOK_MS : LOOK_MS;
    this.#alarms.set(nodeId, clock.now() + everyMs);
  }

  async #look(nodeId: NodeId): Promise<void> {
    const { core, nodes, events, probe } = this.#options;
    const node = nodes.byId(nodeId);
    const life = core.memory.life(nodeId);
    if (node === undefined || life === undefined || !awaitsProof(life)) return;
    for (const address of this.#addressesOf(node)) {
      const { verdict, text } = await probe.look(node, address, life.hostKeys ?? [], this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      if (verdict === 'proven') return await this.#proven(node, life, text);
      if (verdict === 'no-answer') continue;
      const level = verdict === 'other-key' ? 'warn' : 'info';
      const type = `install.ssh-${verdict}` as const;
      events.emit({ type, level, subject: subjectOfNode(node), text, throttle: nodeId });
    }
  }

  /** Where it was installed from, then its other fixed addresses. */
  #addressesOf(node: Node): readonly Ipv4[] {
    const claim = this.#options.core.memory.currentGrant(node.id)?.claim;
    const fixed = node.interfaces.flatMap(({ role, address }) => (role === 'bmc' ? [] : (address ?? [])));
    return [...new Set([...(claim === undefined ? [] : [claim.address]), ...fixed])].slice(0, 4);
  }

  async #proven(node: Node, before: NodeLife, text: string): Promise<void> {
    const { core, clock, events } = this.#options;
    const written = core.writer.write((draft, tell) => {
      const life = lifeOf(draft, node);
      // Its callback came meanwhile, or another installation began.
      if (!awaitsProof(life) || life.since !== before.since) return;
      tell({ type: 'install.ssh-proven', level: 'info', subject: subjectOfNode(node), text });
      core.happen(draft, tell, node, { kind: 'os-answered', at: clock.now() });
    });
    await written.catch((error: unknown) => {
      events.emit({
        type: 'life.not-stored',
        level: 'error',
        subject: subjectOfNode(node),
        text: `that ${node.name} answers from its disk could not be put down: ${error instanceof Error ? error.message : String(error)}`,
        throttle: node.id,
      });
    });
  }
}

/** In maintenance a node is left alone. */
function awaitsProof({ state, step, hostKeys }: NodeLife): boolean {
  return state === 'installing' && step === 'finished' && hostKeys !== undefined && hostKeys.length > 0;
}
