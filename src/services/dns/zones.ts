import { nameKey, type WireName } from '../../codecs/dns/name.ts';
import { latin1 } from '../../codecs/text.ts';
import type { Ipv4, Ipv4Subnet } from '../../domain/ipv4.ts';
import type { Clock, LeaseDirectory, NodeDirectory } from '../../domain/ports.ts';
import type { Settings } from '../../domain/settings.ts';
import { ExtraRecords } from './extra-records.ts';
import { SPECIAL_ZONES } from './fixed-zone.ts';
import { ForwardZone } from './forward-zone.ts';
import type { LeaseNames } from './lease-names.ts';
import { MachineNames } from './machine-names.ts';
import { type AddressNames, ReverseZone, zonesOf } from './reverse-zone.ts';
import type { Zone } from './zone.ts';

export interface ZoneSources {
  readonly nodes: NodeDirectory;
  readonly leases: LeaseDirectory;
  readonly leaseNames: LeaseNames;
  readonly clock: Clock;
  /** Another number after each change of a node. */
  readonly nodesRevision: () => number;
}

/** A name of one of our zones. */
export interface OwnName {
  readonly zone: Zone;
  /** Between the name and the zone's apex, in lower case. */
  readonly labels: readonly string[];
}

/** All zones that one configuration gives. */
export class Zones {
  readonly #byApex: ReadonlyMap<string, Zone>;

  constructor(zones: readonly Zone[]) {
    this.#byApex = new Map(zones.map((zone) => [nameKey(zone.apexName), zone]));
  }

  /** @param name in lower case; the zone with the longest apex has it */
  find(name: WireName): OwnName | undefined {
    const key = latin1(name);
    const labels: string[] = [];
    for (let at = 0; ; ) {
      const zone = this.#byApex.get(at === 0 ? key : key.slice(at));
      if (zone !== undefined) return { zone, labels };
      const length = name[at] ?? 0;
      if (length === 0) return undefined;
      labels.push(key.slice(at + 1, at + 1 + length));
      at += 1 + length;
    }
  }
}

/** The zones of a configuration, live from nodes and leases. */
export function buildZones(settings: Settings, sources: ZoneSources): Zones {
  const { dns, dhcp, interfaces } = settings;
  if (dns.domain === undefined) return new Zones(SPECIAL_ZONES);
  const domain = dns.domain;
  const extra = new ExtraRecords(dns.records);
  const machines = new MachineNames({
    ...sources,
    reservations: dhcp.reservations,
    isTaken: (label) => label === dns.serverName || extra.has(`${label}.${domain}`),
  });
  const serverAddresses = interfaces.filter((each) => each.dns).map(({ address }) => address);
  const names = addressNames(settings, sources, machines, serverAddresses);
  return new Zones([
    ...SPECIAL_ZONES,
    ...reverseZones(dhcp.subnets, names, extra),
    new ForwardZone({ apex: domain, serverName: dns.serverName, serverAddresses, extra, machines }),
  ]);
}

function addressNames(
  { dns, dhcp }: Settings,
  { nodes, leases, leaseNames, nodesRevision }: ZoneSources,
  machines: MachineNames,
  serverAddresses: readonly Ipv4[],
): AddressNames {
  return {
    nameAt: (address) => {
      if (serverAddresses.includes(address)) return { name: `${dns.serverName}.${dns.domain}` };
      const found = machines.nameAt(address);
      if (found === undefined) return undefined;
      const { labels, ...rest } = found;
      return { name: [...labels, dns.domain].join('.'), ...rest };
    },
    *addresses() {
      yield* serverAddresses;
      for (const { address } of dhcp.reservations) yield address;
      for (const node of nodes.all()) {
        for (const { address } of node.interfaces) if (address !== undefined) yield address;
      }
      for (const { address } of leases.all()) yield address;
    },
    generation: () => nodesRevision() + leaseNames.revision,
  };
}

function reverseZones(subnets: readonly Ipv4Subnet[], names: AddressNames, extra: ExtraRecords): Zone[] {
  const found = new Map<string, { readonly octets: number[]; readonly subnets: Ipv4Subnet[] }>();
  for (const subnet of subnets) {
    for (const octets of zonesOf(subnet)) {
      const known = found.get(octets.join('.'));
      if (known === undefined) found.set(octets.join('.'), { octets, subnets: [subnet] });
      else known.subnets.push(subnet);
    }
  }
  return [...found.values()].map(({ octets, subnets: inside }) => new ReverseZone(octets, inside, names, extra));
}
