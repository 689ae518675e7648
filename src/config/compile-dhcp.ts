import { OptionCode } from '../codecs/dhcp/option-table.ts';
import type { Ipv4 } from '../domain/ipv4.ts';
import type { DhcpSettings, GroupSettings, LeaseTimes, OptionSet, ReservationMatch } from '../domain/settings.ts';
import { atKey, type ConfigPath, fault, formatPath, type Sited } from './config-path.ts';
import { DEFAULTS } from './defaults.ts';
import type { SitedReservation, SitedSubnet, WrittenNames } from './draft.ts';
import type { Notation } from './notation.ts';
import { clientIdNotation, hostNameNotation, nameNotation, switchPortNotation, uuidNotation } from './notations.ts';
import { interfaceNameNotation, ipv4Notation, macNotation, poolNotation, subnetNotation } from './notations-network.ts';
import { type CustomOptions, compileCustomOptions, compileOptions } from './options.ts';
import { entriesOf, type Report, read, readDuration } from './report.ts';
import type { PodbootYaml, ReservationYaml, SubnetYaml } from './schema.ts';

/** 10 s is for tests on real machines; RFC 2131 counts in seconds and keeps 2^32 - 1 for "for ever". */
const LEASE = { minSeconds: 10, maxSeconds: 3650 * 86400 };
const HOLD = { minSeconds: 5, maxSeconds: 600 };
const QUARANTINE = { minSeconds: 10, maxSeconds: 30 * 86400, orZero: true };
const PROBE = { minSeconds: 10, maxSeconds: 86400, orZero: true };

export interface DhcpDraft {
  readonly settings: DhcpSettings;
  readonly times: LeaseTimes;
  readonly subnets: readonly SitedSubnet[];
  readonly groups: readonly Sited<GroupSettings>[];
  readonly reservations: readonly SitedReservation[];
}

/** What DHCP tells its clients of the site, unless options say otherwise. */
export interface DhcpSite {
  readonly domain: string | undefined;
  /** Our own address by the name of each interface that has DNS. */
  readonly nameServers: ReadonlyMap<string, Ipv4>;
}

export function compileDhcp(
  yaml: Partial<PodbootYaml>,
  site: DhcpSite,
  written: WrittenNames,
  report: Report,
): DhcpDraft {
  const dhcp = yaml.dhcp ?? {};
  const custom = compileCustomOptions(dhcp.customOptions, ['dhcp', 'customOptions'], report);
  const options = new Map(compileOptions(dhcp.options, ['dhcp', 'options'], custom, report));
  if (site.domain !== undefined && !options.has(OptionCode.domainName))
    options.set(OptionCode.domainName, new TextEncoder().encode(site.domain));
  const times = leaseTimes(
    { ...dhcp, leaseTime: dhcp.leaseTime ?? DEFAULTS.dhcp.leaseTime },
    ['dhcp'],
    undefined,
    report,
  );
  const subnets = compileSubnets(yaml.subnets, { custom, options, times, nameServers: site.nameServers }, report);
  const groups = compileGroups(yaml.groups, custom, report);
  const reservations = compileReservations(yaml.reservations, { custom, groups, written }, report);
  const ms = (key: 'offerHoldTime' | 'quarantineTime' | 'probeInterval', limits: typeof HOLD): number =>
    1000 * (readDuration(dhcp[key] ?? DEFAULTS.dhcp[key], ['dhcp', key], limits, report) ?? limits.minSeconds);
  const settings: DhcpSettings = {
    port: dhcp.port ?? DEFAULTS.dhcp.port,
    proxyPort: dhcp.proxyPort ?? DEFAULTS.dhcp.proxyPort,
    subnets: subnets.map((subnet) => subnet.value),
    reservations: reservations.map((reservation) => reservation.value),
    groups: new Map(groups.map(({ value }) => [value.name, value])),
    customOptions: [...custom.values()],
    options,
    offerHoldMs: ms('offerHoldTime', HOLD),
    quarantineMs: ms('quarantineTime', QUARANTINE),
    bootp: dhcp.bootp ?? DEFAULTS.dhcp.bootp,
    probeIntervalMs: ms('probeInterval', PROBE),
  };
  return { settings, times, subnets, groups, reservations };
}

interface TimesYaml {
  readonly leaseTime?: string | number;
  readonly renewTime?: string | number;
  readonly rebindTime?: string | number;
}

/** T1 and T2 belong to their lease time: a subnet with its own lease time does not take dhcp's. */
function leaseTimes(yaml: TimesYaml, path: ConfigPath, outer: LeaseTimes | undefined, report: Report): LeaseTimes {
  const seconds = (key: keyof TimesYaml): number | undefined =>
    yaml[key] === undefined ? undefined : readDuration(yaml[key], [...path, key], LEASE, report);
  const own = seconds('leaseTime');
  const inherited = own === undefined ? outer : undefined;
  const leaseSeconds = own ?? outer?.leaseSeconds ?? LEASE.minSeconds;
  return {
    leaseSeconds,
    renewSeconds: seconds('renewTime') ?? inherited?.renewSeconds ?? Math.floor(leaseSeconds / 2),
    rebindSeconds: seconds('rebindTime') ?? inherited?.rebindSeconds ?? Math.floor((leaseSeconds * 7) / 8),
  };
}

interface Everyone {
  readonly custom: CustomOptions;
  readonly options: OptionSet;
  readonly times: LeaseTimes;
  readonly nameServers: ReadonlyMap<string, Ipv4>;
}

function compileSubnets(yaml: PodbootYaml['subnets'], everyone: Everyone, report: Report): SitedSubnet[] {
  const subnets: SitedSubnet[] = [];
  for (const [key, entry] of Object.entries(yaml ?? {})) {
    const path = ['subnets', key];
    const subnet = read(subnetNotation, key, path, (finding) => report(atKey(finding)));
    const compiled = compileSubnet(entry, path, everyone, report);
    if (subnet !== undefined && compiled !== undefined) {
      subnets.push({ ...compiled, value: { ...subnet, ...compiled.value } });
    }
  }
  return subnets;
}

function compileSubnet(yaml: SubnetYaml, path: ConfigPath, everyone: Everyone, report: Report) {
  const interfaceName = read(interfaceNameNotation, yaml.interface, [...path, 'interface'], report);
  const sharedNetwork =
    yaml.sharedNetwork === undefined
      ? undefined
      : read(nameNotation, yaml.sharedNetwork, [...path, 'sharedNetwork'], report);
  const pools = compileList(yaml.pools, [...path, 'pools'], (value, at) => read(poolNotation, value, at, report));
  const relays = compileList(yaml.relays, [...path, 'relays'], (value, at) => read(ipv4Notation, value, at, report));
  const options = new Map(compileOptions(yaml.options, [...path, 'options'], everyone.custom, report));
  const times = leaseTimes(yaml, path, everyone.times, report);
  if (interfaceName === undefined) return undefined;
  const nameServer = everyone.nameServers.get(interfaceName);
  const hasNameServers = [everyone.options, options].some((set) => set.has(OptionCode.domainNameServers));
  if (nameServer !== undefined && !hasNameServers) options.set(OptionCode.domainNameServers, addressBytes(nameServer));
  return {
    path,
    pools,
    relays,
    routers: addressesOf(options.get(OptionCode.routers) ?? everyone.options.get(OptionCode.routers)),
    ownTimes: (yaml.leaseTime ?? yaml.renewTime ?? yaml.rebindTime) !== undefined,
    value: {
      interfaceName,
      ...(sharedNetwork === undefined ? {} : { sharedNetwork }),
      pools: pools.map((pool) => pool.value),
      relays: relays.map((relay) => relay.value),
      times,
      options,
    },
  };
}

function compileList<T, U>(
  list: readonly T[] | undefined,
  path: ConfigPath,
  readEntry: (value: T, path: ConfigPath) => U | undefined,
): Sited<U>[] {
  const values: Sited<U>[] = [];
  for (const [index, entry] of entriesOf(list)) {
    const at = [...path, index];
    const value = readEntry(entry, at);
    if (value !== undefined) values.push({ path: at, value });
  }
  return values;
}

function addressBytes(address: Ipv4): Uint8Array {
  return Uint8Array.of(address >>> 24, address >>> 16, address >>> 8, address);
}

function addressesOf(bytes: Uint8Array | undefined): Ipv4[] {
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => view.getUint32(4 * index));
}

function compileGroups(yaml: PodbootYaml['groups'], custom: CustomOptions, report: Report): Sited<GroupSettings>[] {
  const groups: Sited<GroupSettings>[] = [];
  for (const [key, entry] of Object.entries(yaml ?? {})) {
    const path = ['groups', key];
    const name = read(nameNotation, key, path, (finding) => report(atKey(finding)));
    const options = compileOptions(entry.options, [...path, 'options'], custom, report);
    if (name !== undefined) groups.push({ path, value: { name, options } });
  }
  return groups;
}

interface Surroundings {
  readonly custom: CustomOptions;
  readonly groups: readonly Sited<GroupSettings>[];
  readonly written: WrittenNames;
}

function compileReservations(
  yaml: PodbootYaml['reservations'],
  { custom, groups, written }: Surroundings,
  report: Report,
): SitedReservation[] {
  const byName = new Map(groups.map(({ value }) => [value.name, value]));
  const reservations: SitedReservation[] = [];
  for (const [index, entry] of entriesOf(yaml)) {
    const path = ['reservations', index];
    const own = compileOptions(entry.options, [...path, 'options'], custom, report);
    const name = read(hostNameNotation, entry.name, [...path, 'name'], report);
    const address = read(ipv4Notation, entry.address, [...path, 'address'], report);
    const match = compileMatch(entry, path, written, report);
    if (name === undefined || address === undefined || match === undefined) continue;
    // A reservation is no node, so its group's options are merged here, once.
    const options = new Map([...(byName.get(entry.group ?? '')?.options ?? []), ...own]);
    const group = entry.group === undefined ? {} : { group: entry.group };
    reservations.push({ path, ...group, value: { name, address, match, options } });
  }
  return reservations;
}

function compileMatch(
  yaml: ReservationYaml,
  path: ConfigPath,
  written: WrittenNames,
  report: Report,
): ReservationMatch | undefined {
  const present = (['mac', 'clientId', 'uuid', 'circuitId', 'remoteId'] as const).filter(
    (key) => yaml[key] !== undefined,
  );
  if (present.length === 0) {
    // What said it may be the part that was refused.
    if (written.partlyRefused.has(formatPath(path))) return undefined;
    report(
      fault(
        path,
        `nothing says which machine gets ${yaml.address}`,
        'Write its mac, clientId, uuid, or circuitId and remoteId of its switch port.',
      ),
    );
    return undefined;
  }
  const identifier = <T>(key: (typeof present)[number], notation: Notation<T>): T | undefined =>
    yaml[key] === undefined ? undefined : read(notation, yaml[key], [...path, key], report);
  const mac = identifier('mac', macNotation);
  const clientId = identifier('clientId', clientIdNotation);
  const uuid = identifier('uuid', uuidNotation);
  const circuitId = identifier('circuitId', switchPortNotation);
  const remoteId = identifier('remoteId', switchPortNotation);
  const values = { mac, clientId, uuid, circuitId, remoteId };
  if (present.some((key) => values[key] === undefined)) return undefined;
  const switchPort = {
    ...(circuitId === undefined ? {} : { circuitId }),
    ...(remoteId === undefined ? {} : { remoteId }),
  };
  return {
    ...(mac === undefined ? {} : { mac }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(Object.keys(switchPort).length === 0 ? {} : { switchPort }),
  };
}
