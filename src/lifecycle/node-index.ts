import type { Ipv4 } from '../domain/ipv4.ts';
import type { MacAddress } from '../domain/mac.ts';
import type { Node, NodeId, NodePort, SwitchPort } from '../domain/node.ts';
import type { NodeDirectory } from '../domain/ports.ts';
import {
  awaitedInterface,
  type Claim,
  type ClaimKind,
  claimsOf,
  serialNumberKey,
  switchPortKey,
} from './node-claims.ts';

/** Nodes in memory, by everything that a packet or a person may name them by. */
export class NodeIndex implements NodeDirectory {
  readonly #nodes = new Map<NodeId, Node>();
  readonly #claims: Readonly<Record<ClaimKind, Map<Claim['value'], Claim>>> = {
    name: new Map(),
    uuid: new Map(),
    serialNumber: new Map(),
    mac: new Map(),
    clientId: new Map(),
    switchPort: new Map(),
    address: new Map(),
  };
  readonly #awaited = new Set<NodeId>();
  #sortedNames: readonly string[] | undefined;
  #revision = 0;

  get size(): number {
    return this.#nodes.size;
  }

  get revision(): number {
    return this.#revision;
  }

  byId(id: NodeId): Node | undefined {
    return this.#nodes.get(id);
  }

  byName(name: string): Node | undefined {
    return this.#claims.name.get(name.toLowerCase())?.node;
  }

  byMac(mac: MacAddress): NodePort | undefined {
    return port(this.#claims.mac.get(mac));
  }

  byClientId(clientIdHex: string): NodePort | undefined {
    return port(this.#claims.clientId.get(clientIdHex));
  }

  byUuid(uuid: string): NodePort | undefined {
    const node = this.#claims.uuid.get(uuid)?.node;
    if (node === undefined) return undefined;
    const bootInterfaces = node.interfaces.filter((candidate) => candidate.role === 'boot');
    const chosen = bootInterfaces.find((candidate) => candidate.mac === undefined) ?? bootInterfaces[0];
    return chosen === undefined ? undefined : { node, interface: chosen };
  }

  bySerialNumber(serialNumber: string): Node | undefined {
    return this.#claims.serialNumber.get(serialNumberKey(serialNumber))?.node;
  }

  /** A relay sends both parts, an operator may have enrolled one of them: the most exact match is the right one. */
  bySwitchPort(wanted: SwitchPort): NodePort | undefined {
    const ports = this.#claims.switchPort;
    const { circuitId, remoteId } = wanted;
    return port(
      ports.get(switchPortKey(wanted)) ??
        (circuitId === undefined ? undefined : ports.get(switchPortKey({ circuitId }))) ??
        (remoteId === undefined ? undefined : ports.get(switchPortKey({ remoteId }))),
    );
  }

  byAddress(address: Ipv4): NodePort | undefined {
    return port(this.#claims.address.get(address));
  }

  all(): Iterable<Node> {
    return this.#nodes.values();
  }

  /** Nodes with a boot interface that nothing but the machine's serial number or UUID tells. */
  get awaited(): ReadonlySet<NodeId> {
    return this.#awaited;
  }

  /** In the order of a list that is read page by page. */
  sortedNames(): readonly string[] {
    this.#sortedNames ??= [...this.#claims.name.keys()].map(String).sort();
    return this.#sortedNames;
  }

  holder(kind: ClaimKind, value: Claim['value']): Claim | undefined {
    return this.#claims[kind].get(value);
  }

  put(node: Node): void {
    this.remove(node.id);
    this.#nodes.set(node.id, node);
    for (const claim of claimsOf(node)) this.#claims[claim.kind].set(claim.value, claim);
    if (awaitedInterface(node) !== undefined) this.#awaited.add(node.id);
    this.#sortedNames = undefined;
    this.#revision += 1;
  }

  remove(id: NodeId): void {
    const before = this.#nodes.get(id);
    if (before === undefined) return;
    this.#nodes.delete(id);
    this.#awaited.delete(id);
    for (const claim of claimsOf(before)) {
      const map = this.#claims[claim.kind];
      if (map.get(claim.value)?.node.id === id) map.delete(claim.value);
    }
    this.#sortedNames = undefined;
    this.#revision += 1;
  }
}

function port(claim: Claim | undefined): NodePort | undefined {
  // A claim of an interface is its NodePort: nothing is made for each packet.
  return claim?.interface === undefined ? undefined : (claim as NodePort);
}
