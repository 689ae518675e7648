import type { EventSubject } from '../../domain/events.ts';
import { type Ipv4, parseIpv4 } from '../../domain/ipv4.ts';
import { type InterfaceKey, type Lease, macKey } from '../../domain/lease.ts';
import { type MacAddress, parseMac } from '../../domain/mac.ts';
import type { Node, NodePort } from '../../domain/node.ts';
import type { LeaseDirectory, NodeDirectory } from '../../domain/ports.ts';

/** Who asks for a script or a file, as far as its address or its name in the URL tells. */
export interface Requester {
  readonly address: Ipv4;
  /** Undefined: the address has no lease here, and nothing else was said. */
  readonly key?: InterfaceKey;
  readonly port?: NodePort;
}

export class Requesters {
  readonly #nodes: NodeDirectory;
  readonly #leases: LeaseDirectory;

  constructor(nodes: NodeDirectory, leases: LeaseDirectory) {
    this.#nodes = nodes;
    this.#leases = leases;
  }

  byAddress(address: Ipv4): Requester {
    const lease = this.#boundLease(address);
    if (lease !== undefined) return this.#requester(address, lease.key, lease);
    // A node that was given its address by another server, or set it itself, may still be known by its reservation.
    const port = this.#nodes.byAddress(address);
    return port === undefined ? { address } : { address, port };
  }

  byKey(address: Ipv4, key: InterfaceKey): Requester {
    return this.#requester(address, key, this.#leases.byKey(key));
  }

  /** The key of whoever holds the address, undefined where nobody does. */
  holderOf(address: Ipv4): InterfaceKey | undefined {
    return this.#boundLease(address)?.key;
  }

  /**
   * Whether a machine asks from the address that it was given: leased, or reserved for its interface. Where another server
   * gives the addresses, nobody knows.
   */
  isAtHome({ key, port, address }: Requester, weGiveAddresses: boolean): boolean {
    const lease = key === undefined ? undefined : this.#leases.byKey(key);
    if (lease?.state === 'bound') return lease.address === address;
    return !weGiveAddresses || port?.interface.address === address;
  }

  #boundLease(address: Ipv4): Lease | undefined {
    const lease = this.#leases.byAddress(address);
    return lease?.state === 'bound' ? lease : undefined;
  }

  #requester(address: Ipv4, key: InterfaceKey, lease: Lease | undefined): Requester {
    const port = this.#portOf(key, lease);
    return port === undefined ? { address, key } : { address, key, port };
  }

  #portOf(key: InterfaceKey, lease: Lease | undefined): NodePort | undefined {
    const byKey = key.startsWith('mac:')
      ? this.#nodes.byMac(key.slice(4) as MacAddress)
      : this.#nodes.byClientId(key.slice(4));
    if (byKey !== undefined) return byKey;
    // Known by its UUID or its switch port: the lease remembers whose it is.
    const node = lease?.nodeId === undefined ? undefined : this.#nodes.byId(lease.nodeId);
    return node === undefined || lease === undefined ? undefined : interfaceOf(node, lease, this.#nodes);
  }
}

function interfaceOf(node: Node, lease: Lease, nodes: NodeDirectory): NodePort | undefined {
  const reserved = node.interfaces.find((candidate) => candidate.address === lease.address);
  if (reserved !== undefined) return { node, interface: reserved };
  return node.uuid === undefined ? undefined : nodes.byUuid(node.uuid);
}

export function subjectOf(requester: Requester): EventSubject {
  const { address, key, port } = requester;
  return {
    address,
    ...(key === undefined ? {} : { key }),
    ...(port === undefined ? {} : { nodeId: port.node.id, nodeName: port.node.name }),
  };
}

/** `mac:52:54:00:77:00:01` as it stands in URLs: `mac-52-54-00-77-00-01`. */
export function keyToUrlId(key: InterfaceKey): string {
  return key.replaceAll(':', '-');
}

/** Undefined for anything that is no key. */
export function keyFromUrlId(id: string): InterfaceKey | undefined {
  const clientId = /^cid-([0-9a-f]{2,510})$/.exec(id)?.[1];
  if (clientId !== undefined) return `cid:${clientId}`;
  const mac = id.startsWith('mac-') ? parseMac(id.slice(4)) : undefined;
  return mac === undefined ? undefined : macKey(mac);
}

/** node:net's text of a peer's address. */
export function peerAddress(remoteAddress: string | undefined): Ipv4 {
  return parseIpv4((remoteAddress ?? '').replace(/^::ffff:/, '')) ?? 0;
}
