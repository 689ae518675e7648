import type { DiscoveredMachine } from '../../domain/discovered-machine.ts';
import { Conflict, NotFound } from '../../domain/errors.ts';
import type { InterfaceKey } from '../../domain/lease.ts';
import type { Node, SwitchPort } from '../../domain/node.ts';
import type { EventSink } from '../../domain/ports.ts';
import { whySharedSerial } from '../../domain/shared-serials.ts';
import type { InterfaceInput, NodeInput } from '../node-input.ts';
import type { NodeRegistry } from '../registry-port.ts';
import type { AdoptionInput, AttachmentInput } from './adoption-input.ts';
import { enrolledAs } from './enrolled-as.ts';
import { interfaceInput, withInterface } from './interface-inputs.ts';
import type { MachineTable } from './machine-table.ts';

export interface AdoptionParts {
  readonly table: MachineTable;
  readonly registry: NodeRegistry;
  readonly events: EventSink;
  /** It is a node now: it leaves the list. */
  readonly adopted: (key: InterfaceKey) => void;
}

/** Makes nodes, and interfaces of nodes, of discovered machines. */
export class Adoption {
  readonly #parts: AdoptionParts;

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
  }

  /**
   * A node of its own, with what is known of the machine: its MAC address, UUID and serial number.
   *
   * @param by who says so, for the timeline: `rule dgx`
   * @throws NotFound, Conflict, InvalidInput
   */
  async adopt(key: InterfaceKey, input: AdoptionInput, by?: string): Promise<Node> {
    const machine = this.#machine(key);
    const node = await this.#parts.registry.enrol(this.#nodeInput(machine, input));
    this.#done(machine, node, `is ${node.name} now`, by);
    return node;
  }

  /** @throws NotFound, Conflict, InvalidInput */
  async attach(key: InterfaceKey, input: AttachmentInput): Promise<Node> {
    const { registry } = this.#parts;
    const machine = this.#machine(key);
    const node = registry.byId(input.node) ?? registry.byName(input.node);
    if (node === undefined) {
      throw new NotFound(`There is no node ${input.node}.`, 'podboot nodes lists those that there are.');
    }
    const interfaces = withInterface(node, attachedInterface(node, machine, input));
    const changed = await registry.change(node.id, { interfaces }, node.version);
    this.#done(machine, changed, `is the interface ${input.interfaceName} of ${changed.name} now`);
    return changed;
  }

  #machine(key: InterfaceKey): DiscoveredMachine {
    const machine = this.#parts.table.get(key)?.machine;
    const owner = enrolledAs(key, this.#parts.registry);
    if (owner !== undefined) {
      const message = `${key} is ${owner.node.name}’s interface ${owner.interface.name} already.`;
      throw new Conflict(message, [], `podboot nodes show ${owner.node.name} shows it.`);
    }
    if (machine === undefined) {
      throw new NotFound('There is no such discovered machine.', 'podboot discovered lists those that there are.');
    }
    return machine;
  }

  #nodeInput(machine: DiscoveredMachine, input: AdoptionInput): NodeInput {
    const { name, address, rack, position, roles, group, profile, labels } = input;
    const isBmc = machine.kind === 'bmc';
    const { uuid, serialNumber } = machine;
    this.#refuseSecondInterface(machine);
    return {
      name,
      interfaces: [
        {
          name: input.interfaceName ?? (isBmc ? 'bmc' : 'boot'),
          role: isBmc ? 'bmc' : 'boot',
          ...identityOf(machine),
          ...(input.bySwitchPort === true ? { switchPort: this.#ownSwitchPort(machine) } : {}),
          ...(address === undefined ? {} : { address }),
        },
      ],
      ...(uuid === undefined ? {} : { uuid }),
      ...(serialNumber === undefined || whySharedSerial(serialNumber) !== undefined ? {} : { serialNumber }),
      ...(rack === undefined ? {} : { rack }),
      ...(position === undefined ? {} : { position }),
      ...(roles === undefined ? {} : { roles }),
      ...(group === undefined ? {} : { group }),
      ...(labels === undefined ? {} : { labels }),
      ...(profile === undefined ? {} : { boot: { profile } }),
    };
  }

  /** One machine, one node: what it said of itself may be another node's. */
  #refuseSecondInterface({ uuid, serialNumber, mac, key }: DiscoveredMachine): void {
    const { registry } = this.#parts;
    const owner =
      (uuid === undefined ? undefined : registry.byUuid(uuid)?.node) ??
      (serialNumber === undefined ? undefined : registry.bySerialNumber(serialNumber));
    if (owner === undefined) return;
    throw new Conflict(
      `${mac ?? key} has the UUID or the serial number of ${owner.name}: it is another interface of the same machine.`,
      [],
      `Add it there: podboot discovered adopt ${mac ?? key} --node ${owner.name} --interface NAME.`,
    );
  }

  /** A relay that says the same of everyone on its link names no port: whoever asks there would be taken for the node. */
  #ownSwitchPort({ switchPort, key }: DiscoveredMachine): SwitchPort {
    if (switchPort === undefined) {
      throw new Conflict('Nothing tells at which switch port it is.', [], 'Leave bySwitchPort out.');
    }
    for (const { machine } of this.#parts.table.entries()) {
      const { circuitId, remoteId } = machine.switchPort ?? {};
      if (machine.key === key || circuitId !== switchPort.circuitId || remoteId !== switchPort.remoteId) continue;
      throw new Conflict(
        `${machine.mac ?? machine.key} asks at the same switch port: it tells them not apart.`,
        [],
        'Leave bySwitchPort out; MAC addresses tell them apart.',
      );
    }
    return switchPort;
  }

  #done(machine: DiscoveredMachine, node: Node, what: string, by?: string): void {
    const { events, adopted } = this.#parts;
    adopted(machine.key);
    const { mac, key, firstSeenAt, requests } = machine;
    const whose = by === undefined ? '' : `, by ${by}`;
    events.emit({
      type: 'machine.adopted',
      level: 'info',
      subject: { nodeId: node.id, nodeName: node.name, key },
      text: `the discovered machine ${mac ?? key} ${what}${whose}; first seen ${new Date(firstSeenAt).toISOString()}`,
      data: { requests, ...(by === undefined ? {} : { by }) },
    });
  }
}

function identityOf({ mac, clientId, key }: DiscoveredMachine): Pick<InterfaceInput, 'mac' | 'clientId'> {
  if (mac !== undefined) return { mac };
  // Infiniband (RFC 4390): the client identifier is all that it has.
  return { clientId: clientId ?? key.replace(/^cid:/, '') };
}

function attachedInterface(node: Node, machine: DiscoveredMachine, input: AttachmentInput): InterfaceInput {
  const { interfaceName: name, role, address } = input;
  const extra = address === undefined ? {} : { address };
  const before = node.interfaces.find((each) => each.name === name);
  if (before === undefined) {
    const usual = machine.kind === 'bmc' ? 'bmc' : 'other';
    return { name, role: role ?? usual, ...identityOf(machine), ...extra };
  }
  if (before.mac !== undefined || before.clientId !== undefined) {
    throw new Conflict(
      `${node.name}’s interface ${name} has ${before.mac ?? before.clientId} already.`,
      [],
      `Name another interface; or, if it was replaced: podboot nodes replace ${node.name}.`,
    );
  }
  return { ...interfaceInput(before), ...(role === undefined ? {} : { role }), ...identityOf(machine), ...extra };
}
