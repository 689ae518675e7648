import type { Ipv4 } from '../../domain/ipv4.ts';
import { clientIdKey, type Lease, macKey } from '../../domain/lease.ts';
import type { Node, NodeInterface } from '../../domain/node.ts';
import type { Clock, LeaseDirectory, NodeDirectory } from '../../domain/ports.ts';
import type { ReservationSettings } from '../../domain/settings.ts';
import { interfaceLabel } from './host-label.ts';
import { type LeaseNames, nameOf } from './lease-names.ts';

/** An address that a name leads to. */
export interface NamedAddress {
  readonly address: Ipv4;
  /** Where a lease says so: seconds until it ends. */
  readonly leaseSeconds?: number;
}

/** A machine exists but has no address (yet): its name is known all the same. */
export type MachineAddress = NamedAddress | 'no-address';

const BMC = 'bmc';
const BMC_SUFFIX = '-bmc';

export interface MachineNameParts {
  readonly nodes: NodeDirectory;
  readonly leases: LeaseDirectory;
  readonly leaseNames: LeaseNames;
  readonly clock: Clock;
  readonly reservations: readonly ReservationSettings[];
  /** Names that the configuration has: no lease holder gets one by calling itself so. */
  readonly isTaken: (label: string) => boolean;
}

/**
 * What machines are called, in this order: nodes, their BMCs (`dgx01-bmc`), reservations, and last what lease holders
 * call themselves. Asked anew for each question, so that a name is right the moment a node or a lease changes; there is
 * no copy of them.
 */
export class MachineNames {
  readonly #parts: MachineNameParts;
  readonly #reservedNames: ReadonlyMap<string, ReservationSettings>;
  readonly #reservedAddresses: ReadonlyMap<Ipv4, ReservationSettings>;

  constructor(parts: MachineNameParts) {
    this.#parts = parts;
    this.#reservedNames = new Map(parts.reservations.map((each) => [each.name, each]));
    this.#reservedAddresses = new Map(parts.reservations.map((each) => [each.address, each]));
  }

  /** @param labels `['dgx01']`, `['dgx01-bmc']`, `['eno2', 'dgx01']`, `['bmc', 'dgx01']` */
  find(labels: readonly string[]): MachineAddress | undefined {
    const [first = '', second, ...more] = labels;
    if (more.length > 0) return undefined;
    return second === undefined ? this.#machine(first) : this.#interface(first, second);
  }

  /** The labels of whoever has the address; they lead back to it. */
  nameAt(address: Ipv4): { readonly labels: readonly string[]; readonly leaseSeconds?: number } | undefined {
    const { nodes, leases } = this.#parts;
    const port = nodes.byAddress(address);
    if (port !== undefined) {
      const labels = this.#labelsOf(port.node, port.interface);
      // Of two interfaces whose names are the same label (eth0.1, eth0-1) the first has it.
      return this.#leadsTo(labels, address) ? { labels } : undefined;
    }
    const reservation = this.#reservedAddresses.get(address);
    if (reservation !== undefined && this.#leadsTo([reservation.name], address)) return { labels: [reservation.name] };
    const lease = leases.byAddress(address);
    if (lease === undefined || lease.state !== 'bound') return undefined;
    const labels = this.#labelsOfHolder(lease);
    if (labels === undefined || !this.#leadsTo(labels, address)) return undefined;
    return { labels, leaseSeconds: this.#secondsLeft(lease) };
  }

  #machine(label: string): MachineAddress | undefined {
    const { nodes, leaseNames } = this.#parts;
    const node = nodes.byName(label);
    if (node !== undefined) return this.#primary(node)?.at ?? 'no-address';
    const owner = label.endsWith(BMC_SUFFIX) ? nodes.byName(label.slice(0, -BMC_SUFFIX.length)) : undefined;
    const bmc = owner?.interfaces.find(({ role }) => role === 'bmc');
    if (bmc !== undefined) return this.#addressOf(bmc) ?? 'no-address';
    const reservation = this.#reservedNames.get(label);
    if (reservation !== undefined) return { address: reservation.address };
    const lease = this.#parts.isTaken(label) ? undefined : leaseNames.holderOf(label);
    return lease === undefined ? undefined : { address: lease.address, leaseSeconds: this.#secondsLeft(lease) };
  }

  #interface(label: string, nodeName: string): MachineAddress | undefined {
    const node = this.#parts.nodes.byName(nodeName);
    const found =
      node?.interfaces.find(({ name }) => interfaceLabel(name) === label) ??
      (label === BMC ? node?.interfaces.find(({ role }) => role === 'bmc') : undefined);
    return found === undefined ? undefined : (this.#addressOf(found) ?? 'no-address');
  }

  /** The node's own address: of its first boot interface that has one. */
  #primary(node: Node): { readonly of: NodeInterface; readonly at: NamedAddress } | undefined {
    for (const candidate of node.interfaces) {
      if (candidate.role !== 'boot') continue;
      const at = this.#addressOf(candidate);
      if (at !== undefined) return { of: candidate, at };
    }
    return undefined;
  }

  #addressOf({ address, mac, clientId }: NodeInterface): NamedAddress | undefined {
    if (address !== undefined) return { address };
    const { leases } = this.#parts;
    const lease =
      (mac === undefined ? undefined : leases.byKey(macKey(mac))) ??
      (clientId === undefined ? undefined : leases.byKey(clientIdKey(clientId)));
    if (lease === undefined || lease.state !== 'bound') return undefined;
    return { address: lease.address, leaseSeconds: this.#secondsLeft(lease) };
  }

  #labelsOf(node: Node, its: NodeInterface): readonly string[] {
    if (this.#primary(node)?.of.name === its.name) return [node.name];
    // A node may be called like the BMC of another one.
    const isBmcsName = its.role === 'bmc' && this.#parts.nodes.byName(`${node.name}${BMC_SUFFIX}`) === undefined;
    const isFirst = node.interfaces.find(({ role }) => role === 'bmc')?.name === its.name;
    return isBmcsName && isFirst ? [`${node.name}${BMC_SUFFIX}`] : [interfaceLabel(its.name), node.name];
  }

  #labelsOfHolder(lease: Lease): readonly string[] | undefined {
    const node = lease.nodeId === undefined ? undefined : this.#parts.nodes.byId(lease.nodeId);
    if (node === undefined) {
      const label = nameOf(lease);
      return label === undefined ? undefined : [label];
    }
    const its = node.interfaces.find(
      ({ mac, clientId }) =>
        (mac !== undefined && macKey(mac) === lease.key) ||
        (clientId !== undefined && clientIdKey(clientId) === lease.key),
    );
    return its === undefined ? undefined : this.#labelsOf(node, its);
  }

  #leadsTo(labels: readonly string[], address: Ipv4): boolean {
    const found = this.find(labels);
    return found !== undefined && found !== 'no-address' && found.address === address;
  }

  #secondsLeft({ expiresAt }: Lease): number {
    if (expiresAt === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, Math.floor((expiresAt - this.#parts.clock.now()) / 1000));
  }
}
