import type { ClusterSettings } from '../domain/hand-off.ts';
import type { Ipv4, Ipv4Range } from '../domain/ipv4.ts';
import type {
  DiscoveryRule,
  DnsRecordSettings,
  GroupSettings,
  InterfaceSettings,
  LeaseTimes,
  ListenAddress,
  ProfileSettings,
  ReservationSettings,
  Settings,
  SubnetSettings,
  UpstreamSettings,
} from '../domain/settings.ts';
import type { Sited } from './config-path.ts';

/** A subnet and where each part of it was written. */
export interface SitedSubnet extends Sited<SubnetSettings> {
  readonly pools: readonly Sited<Ipv4Range>[];
  readonly relays: readonly Sited<Ipv4>[];
  /** Routers that its machines are told of (option 3), from its own options or everyone's. */
  readonly routers: readonly Ipv4[];
  /** It has lease times of its own. */
  readonly ownTimes: boolean;
}

export interface SitedReservation extends Sited<ReservationSettings> {
  readonly group?: string;
}

/**
 * What could be read of a configuration. With findings it may lack what they are about; rules look at what is there
 * and at the names that were written, so that one mistake is told once.
 */
export interface Draft {
  readonly settings: Settings;
  /** Those of `dhcp`, which subnets without their own have. */
  readonly times: LeaseTimes;
  readonly interfaces: readonly Sited<InterfaceSettings>[];
  readonly subnets: readonly SitedSubnet[];
  readonly groups: readonly Sited<GroupSettings>[];
  readonly reservations: readonly SitedReservation[];
  readonly profiles: readonly Sited<ProfileSettings>[];
  readonly listen: readonly Sited<ListenAddress>[];
  readonly programs: readonly Sited<string>[];
  readonly upstreams: readonly Sited<UpstreamSettings>[];
  readonly dnsRecords: readonly Sited<DnsRecordSettings>[];
  readonly discoveryRules: readonly Sited<DiscoveryRule>[];
  readonly clusters: readonly Sited<ClusterSettings>[];
  readonly written: WrittenNames;
}

/** What stands in the file, also what is wrong inside. */
export interface WrittenNames {
  readonly interfaces: ReadonlySet<string>;
  readonly subnetCount: number;
  readonly groups: ReadonlySet<string>;
  readonly profiles: ReadonlySet<string>;
  /** One of these sections is missing or may stand under a misspelt name: what is not there proves nothing. */
  readonly isUnclear: boolean;
  /** Paths (as text) of what lost a part before it was read. */
  readonly partlyRefused: ReadonlySet<string>;
}

/** False where a subnet could not be read: it may be the one that a rule misses. */
export function knowsAllSubnets({ subnets, written }: Draft): boolean {
  return !written.isUnclear && subnets.length === written.subnetCount;
}
