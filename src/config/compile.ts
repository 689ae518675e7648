import type {
  BootSettings,
  HttpSettings,
  InterfaceSettings,
  ListenAddress,
  ProfileSettings,
  Settings,
  TftpSettings,
} from '../domain/settings.ts';
import { compileDhcp } from './compile-dhcp.ts';
import { compileDiscovery } from './compile-discovery.ts';
import { compileDns } from './compile-dns.ts';
import { compileClusters } from './compile-hand-off.ts';
import { compileLifecycle } from './compile-lifecycle.ts';
import { compilePower } from './compile-power.ts';
import { compileInstall, compileProfiles } from './compile-profiles.ts';
import { atKey, type ConfigPath, type Finding, fault, type Sited } from './config-path.ts';
import { DEFAULTS } from './defaults.ts';
import type { Draft, WrittenNames } from './draft.ts';
import { absolutePathNotation, assetNotation, domainNotation, sizeNotation } from './notations.ts';
import { interfaceNameNotation, ipv4Notation, listenNotation } from './notations-network.ts';
import { entriesOf, type Report, read } from './report.ts';
import type { PodbootYaml } from './schema.ts';
import { FIRMWARES } from './schema-boot.ts';

/** RFC 2348 section "Blocksize Option Specification": 8 to 65464; below 512 no firmware goes. */
const BLOCK_BYTES = { minimum: 512, maximum: 65464 };
/** Firmware and installers open a few at once. */
const SMALLEST_SHARE = 16;

/**
 * Makes settings of what the schema lets through.
 *
 * @param yaml without the parts that the schema refused
 * @param written the names in the whole file
 */
export function compile(yaml: Partial<PodbootYaml>, written: WrittenNames): { draft: Draft; findings: Finding[] } {
  const findings: Finding[] = [];
  const report: Report = (finding) => void findings.push(finding);
  const domain =
    yaml.site?.domain === undefined ? undefined : read(domainNotation, yaml.site.domain, ['site', 'domain'], report);
  const dataDir = read(absolutePathNotation, yaml.dataDir ?? DEFAULTS.dataDir, ['dataDir'], report) ?? DEFAULTS.dataDir;
  const assetsDir =
    read(absolutePathNotation, yaml.assetsDir ?? `${dataDir}/assets`, ['assetsDir'], report) ?? `${dataDir}/assets`;
  const interfaces = compileInterfaces(yaml.interfaces, report);
  const nameServers = new Map(
    interfaces.filter(({ value }) => value.dns).map(({ value }) => [value.name, value.address]),
  );
  const dhcp = compileDhcp(yaml, { domain, nameServers }, written, report);
  const dns = compileDns(yaml.dns, domain, report);
  const profiles = compileProfiles(yaml.profiles, written, report);
  const { boot, programs } = compileBoot(yaml, profiles, report);
  const discovery = compileDiscovery(yaml.discovery, written, report);
  const clusters = compileClusters(yaml.clusters, report);
  const catalogueDir =
    yaml.catalogueDir === undefined
      ? undefined
      : read(absolutePathNotation, yaml.catalogueDir, ['catalogueDir'], report);
  const listen = compileListen(yaml.api, report);
  const settings: Settings = {
    dataDir,
    assetsDir,
    interfaces: interfaces.map((entry) => entry.value),
    dhcp: dhcp.settings,
    tftp: compileTftp(yaml.tftp, report),
    http: compileHttp(yaml.http),
    dns: dns.settings,
    boot,
    lifecycle: compileLifecycle(yaml, report),
    power: compilePower(yaml.power, report),
    discovery: discovery.settings,
    ...(clusters.length === 0 ? {} : { clusters: clusters.map(({ value }) => value) }),
    ...(catalogueDir === undefined ? {} : { catalogueDir }),
    api: { listen: listen.map((entry) => entry.value) },
    log: { level: yaml.log?.level ?? DEFAULTS.log.level, format: yaml.log?.format ?? DEFAULTS.log.format },
  };
  const { times, subnets, groups, reservations } = dhcp;
  return {
    draft: {
      ...{ settings, times, interfaces, subnets, groups, reservations, profiles, listen, programs, written },
      ...{ upstreams: dns.upstreams, dnsRecords: dns.records, discoveryRules: discovery.rules, clusters },
    },
    findings,
  };
}

function compileInterfaces(yaml: PodbootYaml['interfaces'] | undefined, report: Report): Sited<InterfaceSettings>[] {
  const interfaces: Sited<InterfaceSettings>[] = [];
  for (const [key, entry] of Object.entries(yaml ?? {})) {
    const path = ['interfaces', key];
    const name = read(interfaceNameNotation, key, path, (finding) => report(atKey(finding)));
    const address = read(ipv4Notation, entry.address, [...path, 'address'], report);
    if (name === undefined || address === undefined) continue;
    const { dhcp, tftp, http, dns, syslog } = { ...DEFAULTS.interface, ...entry };
    const value = { name, address, dhcp, tftp, http, dns, ...(syslog ? { syslog } : {}) };
    interfaces.push({ path, value });
  }
  return interfaces;
}

function compileBoot(whole: Partial<PodbootYaml>, profiles: readonly Sited<ProfileSettings>[], report: Report) {
  const yaml = whole.boot;
  const install = compileInstall(whole, report);
  const programs: Sited<string>[] = [];
  const byFirmware: Partial<Record<(typeof FIRMWARES)[number], string>> = {};
  for (const firmware of FIRMWARES) {
    const program = yaml?.programs?.[firmware];
    if (program === undefined) continue;
    const path: ConfigPath = ['boot', 'programs', firmware];
    const asset = read(assetNotation, program, path, report);
    if (asset === undefined) continue;
    programs.push({ path, value: asset });
    byFirmware[firmware] = asset;
  }
  const boot: BootSettings = {
    profiles: new Map(profiles.map(({ value }) => [value.name, value])),
    programs: byFirmware,
    loader: yaml?.loader ?? DEFAULTS.boot.loader,
    diskMethods: { ...yaml?.diskMethods },
    ...(install === undefined ? {} : { install }),
  };
  return { boot, programs };
}

function compileListen(yaml: PodbootYaml['api'], report: Report): Sited<ListenAddress>[] {
  const addresses: Sited<ListenAddress>[] = [];
  for (const [index, text] of entriesOf<string>(yaml?.listen ?? DEFAULTS.api.listen)) {
    const path = ['api', 'listen', index];
    const address = read(listenNotation, text, path, report);
    if (address !== undefined) addresses.push({ path, value: address });
  }
  return addresses;
}

function compileHttp(yaml: PodbootYaml['http']): HttpSettings {
  const maxConnections = yaml?.maxConnections ?? DEFAULTS.http.maxConnections;
  return {
    port: yaml?.port ?? DEFAULTS.http.port,
    maxConnections,
    maxConnectionsPerClient: yaml?.maxConnectionsPerClient ?? shareOf(maxConnections),
  };
}

/** What one client may have of `all`, where it is not written: hundreds of machines may share an address (NAT). */
function shareOf(all: number): number {
  return Math.max(SMALLEST_SHARE, Math.ceil(all / 2));
}

function compileTftp(yaml: PodbootYaml['tftp'], report: Report): TftpSettings {
  const path = ['tftp', 'maxBlockBytes'];
  const { minimum, maximum } = BLOCK_BYTES;
  const bytes = read(sizeNotation, yaml?.maxBlockBytes ?? DEFAULTS.tftp.maxBlockBytes, path, report);
  if (bytes !== undefined && (bytes < minimum || bytes > maximum)) {
    report(fault(path, `must be from ${minimum} to ${maximum} bytes (RFC 2348), is ${bytes}`));
  }
  const maxTransfers = yaml?.maxTransfers ?? DEFAULTS.tftp.maxTransfers;
  return {
    port: yaml?.port ?? DEFAULTS.tftp.port,
    maxTransfers,
    maxTransfersPerClient: yaml?.maxTransfersPerClient ?? shareOf(maxTransfers),
    maxBlockBytes: bytes ?? DEFAULTS.tftp.maxBlockBytes,
    maxWindowBlocks: yaml?.maxWindowBlocks ?? DEFAULTS.tftp.maxWindowBlocks,
  };
}
