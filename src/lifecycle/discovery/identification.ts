import type { DiscoveredMachine, FirmwareTestimony, Identification } from '../../domain/discovered-machine.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type { Node, NodePort } from '../../domain/node.ts';
import type { Clock, EventSink } from '../../domain/ports.ts';
import type { DiscoverySettings } from '../../domain/settings.ts';
import { whySharedSerial } from '../../domain/shared-serials.ts';
import { whyShared } from '../../domain/shared-uuids.ts';
import { serialNumberInUuid } from '../../domain/vendor-serials.ts';
import { awaitedInterface } from '../node-claims.ts';
import { shown } from '../node-input.ts';
import type { NodeRegistry } from '../registry-port.ts';
import type { MacLearning } from './mac-learning.ts';
import type { Entry, MachineTable } from './machine-table.ts';

/** A machine that does not answer (its boot program hangs) is left alone after this long, and for a day. */
const ASK_FOR_MS = 15 * 60_000;
const ASK_AGAIN_MS = 24 * 3_600_000;
const MAX_TEXT = 64;

export interface IdentificationParts {
  readonly table: MachineTable;
  readonly registry: NodeRegistry;
  readonly learning: MacLearning;
  readonly clock: Clock;
  readonly events: EventSink;
  readonly settings: () => DiscoverySettings | undefined;
  /** It is a node now: it leaves the list. */
  readonly identified: (key: InterfaceKey) => void;
}

/** Who a stranger is, by its serial number or its UUID, while nodes wait for their machines. */
export class StrangerIdentification implements Identification {
  readonly #parts: IdentificationParts;

  constructor(parts: IdentificationParts) {
    this.#parts = parts;
  }

  isWanted(key: InterfaceKey): boolean {
    if (!this.#isOn()) return false;
    const machine = this.#parts.table.get(key)?.machine;
    if (machine?.mac === undefined || machine.kind === 'bmc') return false;
    const { askedAt, identifiedAt } = machine;
    if (identifiedAt !== undefined && this.#since(identifiedAt) < ASK_AGAIN_MS) return false;
    return askedAt === undefined || this.#since(askedAt) < ASK_FOR_MS || this.#since(askedAt) >= ASK_AGAIN_MS;
  }

  wouldBeWanted(key: InterfaceKey): boolean {
    if (this.#parts.table.get(key) !== undefined) return this.isWanted(key);
    return this.#isOn() && key.startsWith('mac:');
  }

  /**
   * A packet of a stranger came. What is known of it already may be enough: makers write the serial number into the UUID,
   * and it may have been enrolled since it was asked.
   */
  heard(entry: Entry): void {
    if (!this.#isOn()) return;
    const { machine } = entry;
    if (machine.mac === undefined) return;
    const known = [machine.serialNumber, inUuid(machine.uuid)].filter((each) => each !== undefined);
    if (known.length > 0) void this.#match(machine, known, machine.uuid);
    if (machine.stage === 'os' || machine.stage === 'bootp' || !this.isWanted(machine.key)) return;
    if (machine.askedAt !== undefined && this.#since(machine.askedAt) < ASK_FOR_MS) return;
    machine.askedAt = this.#parts.clock.now();
    entry.changed = true;
  }

  async identify(key: InterfaceKey, testimony: FirmwareTestimony): Promise<NodePort | undefined> {
    const entry = this.#parts.table.get(key);
    if (entry === undefined || !this.#isOn()) return undefined;
    const { machine } = entry;
    const serialNumbers = testimony.serialNumbers.map(plain).filter((each) => whySharedSerial(each) === undefined);
    const uuid = testimony.uuid?.toLowerCase();
    this.#note(entry, testimony, serialNumbers);
    const candidates = [...new Set([...serialNumbers, inUuid(machine.uuid), inUuid(uuid)])];
    return await this.#match(
      machine,
      candidates.filter((each) => each !== undefined),
      machine.uuid ?? (uuid !== undefined && whyShared(uuid) === undefined ? uuid : undefined),
    );
  }

  /** A clock that was set back makes an old time no newer than now. */
  #since(at: number): number {
    return Math.max(0, this.#parts.clock.now() - at);
  }

  #isOn(): boolean {
    return this.#parts.registry.awaited.size > 0 && this.#parts.settings()?.identify === 'when-needed';
  }

  #note(entry: Entry, testimony: FirmwareTestimony, serialNumbers: readonly string[]): void {
    const { machine } = entry;
    const [serialNumber] = serialNumbers;
    machine.identifiedAt = this.#parts.clock.now();
    if (serialNumber !== undefined) machine.serialNumber = serialNumber;
    if (testimony.manufacturer !== undefined) machine.manufacturer = plain(testimony.manufacturer);
    if (testimony.product !== undefined) machine.product = plain(testimony.product);
    entry.changed = true;
  }

  async #match(
    machine: DiscoveredMachine,
    serialNumbers: readonly string[],
    uuid: string | undefined,
  ): Promise<NodePort | undefined> {
    const { registry, learning } = this.#parts;
    const { mac } = machine;
    if (mac === undefined) return undefined;
    const claims = serialNumbers.flatMap((serialNumber) => {
      const node = registry.bySerialNumber(serialNumber);
      return node === undefined ? [] : [{ node, evidence: `its serial number ${serialNumber}` }];
    });
    const byUuid = uuid === undefined ? undefined : registry.byUuid(uuid)?.node;
    if (byUuid !== undefined) claims.push({ node: byUuid, evidence: 'its UUID' });
    const [first] = claims;
    if (first === undefined) return undefined;
    if (claims.some(({ node }) => node.id !== first.node.id)) {
      this.#tellTorn(machine, [...new Set(claims.map(({ node }) => node.name))]);
      return undefined;
    }
    if (awaitedInterface(first.node) === undefined) {
      this.#tellTaken(machine, first.node, first.evidence);
      return undefined;
    }
    const port = await learning.learn(first.node, mac, first.evidence);
    if (port !== undefined) this.#parts.identified(machine.key);
    return port;
  }

  #tellTorn({ key }: DiscoveredMachine, names: readonly string[]): void {
    this.#parts.events.emit({
      type: 'machine.torn',
      level: 'warn',
      subject: { key },
      text: `${key} has the serial number or the UUID of several nodes: ${names.join(', ')}. It is none of them until that is put right`,
      mend: 'Compare the nodes with the labels on the machine: podboot nodes show NAME.',
      throttle: key,
    });
  }

  /** A second interface of the machine, a replaced card, or somebody who lies. */
  #tellTaken({ key, mac }: DiscoveredMachine, { id, name }: Node, evidence: string): void {
    this.#parts.events.emit({
      type: 'machine.second-interface',
      level: 'debug',
      subject: { nodeId: id, nodeName: name, key },
      text: `${mac ?? key} has ${evidence}, which is ${name}’s, whose interfaces have other MAC addresses`,
      mend: `Another interface: podboot discovered adopt ${mac ?? key} --node ${name} --interface NAME. A replaced one: podboot nodes set.`,
      throttle: key,
    });
  }
}

function inUuid(uuid: string | undefined): string | undefined {
  const serialNumber = uuid === undefined ? undefined : serialNumberInUuid(uuid);
  return serialNumber === undefined || whySharedSerial(serialNumber) !== undefined ? undefined : serialNumber;
}

/** As short and plain as it is stored and shown. */
function plain(text: string): string {
  return shown(text.trim()).slice(0, MAX_TEXT);
}
