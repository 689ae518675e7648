import type { EventSubject } from '../../domain/events.ts';
import { macKey } from '../../domain/lease.ts';
import type { MacAddress } from '../../domain/mac.ts';
import type { Node, NodeId, NodePort } from '../../domain/node.ts';
import type { Clock, EventSink, LeaseDirectory } from '../../domain/ports.ts';
import { awaitedInterface } from '../node-claims.ts';
import type { NodeRegistry } from '../registry-port.ts';
import { interfaceInput, withInterface } from './interface-inputs.ts';

/** Of so many interfaces is remembered who was last seen at their switch ports. */
const MAX_PORTS = 10_000;
/** A node whose change was refused is not tried again with each packet. */
const AGAIN_MS = 60_000;
const MAX_REFUSED = 1_000;

export interface LearningParts {
  readonly registry: NodeRegistry;
  readonly leases: Pick<LeaseDirectory, 'byKey'>;
  readonly events: EventSink;
  readonly clock: Clock;
}

/**
 * MAC addresses of machines that were enrolled without one.
 *
 * By serial number or UUID: the first machine that says so is the one, and its MAC address is written into the node's
 * interface; from then on the MAC address tells. By switch port: nothing is written, as the port is what the operator named.
 * Whoever is plugged in there is the node, also after a repair.
 */
export class MacLearning {
  readonly #parts: LearningParts;
  readonly #under = new Map<NodeId, Promise<NodePort | undefined>>();
  readonly #refusedAt = new Map<string, number>();
  /** By node and interface. */
  readonly #atPort = new Map<string, MacAddress>();

  constructor(parts: LearningParts) {
    this.#parts = parts;
  }

  /**
   * Writes the MAC address into the node's interface that waits for it.
   *
   * @param evidence goes on after "it is the machine with MAC address …, by "
   * @returns undefined where the node waits for nobody any more, or the change was refused, which is told. Never rejects
   */
  async learn(node: Node, mac: MacAddress, evidence: string): Promise<NodePort | undefined> {
    const before = this.#under.get(node.id);
    // The first one that comes is it; who comes meanwhile finds a node that has its MAC address.
    if (before !== undefined) {
      await before;
      return undefined;
    }
    const learning = this.#learn(node, mac, evidence).finally(() => this.#under.delete(node.id));
    this.#under.set(node.id, learning);
    return await learning;
  }

  /** An interface that is known by its switch port was used by this machine. Cheap: asked for each packet. */
  seenAtPort({ node, interface: candidate }: NodePort, mac: MacAddress): void {
    const place = `${node.id} ${candidate.name}`;
    const last = this.#atPort.get(place);
    if (last === mac) return;
    if (last === undefined && this.#atPort.size >= MAX_PORTS) {
      for (const oldest of this.#atPort.keys()) {
        this.#atPort.delete(oldest);
        break;
      }
    }
    this.#atPort.set(place, mac);
    // A restart forgets; the lease does not.
    if (last === undefined && this.#parts.leases.byKey(macKey(mac))?.nodeId === node.id) return;
    const before = last === undefined ? '' : `; before, it was ${last}`;
    this.#parts.events.emit({
      type: 'node.at-port',
      level: 'info',
      subject: subjectOf(node, mac),
      text: `${mac} is at the switch port of ${node.name}’s interface ${candidate.name}: it is ${node.name}${before}`,
      throttle: `at-port ${node.id}`,
    });
  }

  async #learn(node: Node, mac: MacAddress, evidence: string): Promise<NodePort | undefined> {
    const { registry, events, clock } = this.#parts;
    const current = registry.byId(node.id);
    const candidate = current === undefined ? undefined : awaitedInterface(current);
    if (current === undefined || candidate === undefined || registry.byMac(mac) !== undefined) return undefined;
    const attempt = `${node.id} ${mac}`;
    const refusedAt = this.#refusedAt.get(attempt);
    if (refusedAt !== undefined && clock.monotonic() - refusedAt < AGAIN_MS) return undefined;
    try {
      const interfaces = withInterface(current, { ...interfaceInput(candidate), mac });
      const changed = await registry.change(current.id, { interfaces }, current.version);
      events.emit({
        type: 'node.mac-learned',
        level: 'info',
        subject: subjectOf(changed, mac),
        text: `${changed.name} is the machine with MAC address ${mac}, by ${evidence}: its interface ${candidate.name} has it now`,
      });
      const learned = changed.interfaces.find(({ name }) => name === candidate.name);
      return learned === undefined ? undefined : { node: changed, interface: learned };
    } catch (error) {
      this.#refused(attempt, current, mac, error);
      return undefined;
    }
  }

  #refused(attempt: string, node: Node, mac: MacAddress, error: unknown): void {
    if (this.#refusedAt.size >= MAX_REFUSED) this.#refusedAt.clear();
    this.#refusedAt.set(attempt, this.#parts.clock.monotonic());
    this.#parts.events.emit({
      type: 'node.mac-not-learned',
      level: 'warn',
      subject: subjectOf(node, mac),
      text: `${node.name} seems to be the machine with MAC address ${mac}, which could not be written: ${error instanceof Error ? error.message : String(error)}`,
      mend: `podboot nodes set ${node.name} --mac ${mac} tells more; it is tried again in a minute`,
      throttle: node.id,
    });
  }
}

function subjectOf(node: Node, mac: MacAddress): EventSubject {
  return { nodeId: node.id, nodeName: node.name, key: macKey(mac) };
}
