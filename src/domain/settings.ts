import type { BootMedium } from './asset.ts';
import type { AssetName } from './boot.ts';
import type { Firmware } from './client.ts';
import type { ClusterSettings } from './hand-off.ts';
import type { Ipv4, Ipv4Range, Ipv4Subnet } from './ipv4.ts';
import type { MacAddress } from './mac.ts';
import type { DiskMethod, LoaderChoice, SwitchPort } from './node.ts';
import type { PowerSettings } from './power.ts';

/**
 * The configuration as the rooms use it: checked, with addresses as numbers, times in milliseconds, options encoded.
 * `config/` makes it from podboot.yaml and freezes it.
 */
export interface Settings {
  /** Absolute path: the store, and what the daemon keeps. */
  readonly dataDir: string;
  /** Absolute path: nothing outside of it is ever served, save the boot programs of the manifest. */
  readonly assetsDir: string;
  readonly interfaces: readonly InterfaceSettings[];
  readonly dhcp: DhcpSettings;
  readonly tftp: TftpSettings;
  readonly http: HttpSettings;
  readonly dns: DnsSettings;
  readonly boot: BootSettings;
  readonly lifecycle: LifecycleSettings;
  /** Absent in tools: as a configuration that says nothing of it. */
  readonly power?: PowerSettings;
  /** Absent: no stranger is asked for its serial number, and no rule adopts one. */
  readonly discovery?: DiscoverySettings;
  /** Absent or empty: nobody takes finished nodes over. */
  readonly clusters?: readonly ClusterSettings[];
  /** Absolute path of the operator's own entries of the catalogue of services. */
  readonly catalogueDir?: string;
  readonly api: ApiSettings;
  readonly log: LogSettings;
}

export type DhcpMode = 'authoritative' | 'proxy' | 'reservations' | 'off';

export interface InterfaceSettings {
  readonly name: string;
  /** Ours on this interface: server identifier, TFTP server, host of every URL. */
  readonly address: Ipv4;
  readonly dhcp: DhcpMode;
  readonly tftp: boolean;
  readonly http: boolean;
  readonly dns: boolean;
  /** Installers' syslog is taken there, by UDP and TCP; absent: it is not. */
  readonly syslog?: boolean;
}

/** Option code to its value's bytes, ready for the wire. */
export type OptionSet = ReadonlyMap<number, Uint8Array>;

export interface LeaseTimes {
  readonly leaseSeconds: number;
  /** T1 (option 58). */
  readonly renewSeconds: number;
  /** T2 (option 59). */
  readonly rebindSeconds: number;
}

export interface SubnetSettings extends Ipv4Subnet {
  /** The interface through which its packets come, directly or by a relay. */
  readonly interfaceName: string;
  /** Subnets with the same name share a link: any of them serves a client there. */
  readonly sharedNetwork?: string;
  readonly pools: readonly Ipv4Range[];
  /** Addresses of relays (giaddr) that may ask for it; empty: only clients on the link itself. */
  readonly relays: readonly Ipv4[];
  readonly times: LeaseTimes;
  readonly options: OptionSet;
}

export interface ReservationMatch {
  readonly mac?: MacAddress;
  readonly clientId?: string;
  readonly uuid?: string;
  readonly switchPort?: SwitchPort;
}

/** A machine that is known but no node: a switch, a PDU, a file server. */
export interface ReservationSettings {
  readonly name: string;
  readonly match: ReservationMatch;
  readonly address: Ipv4;
  readonly options: OptionSet;
}

export interface GroupSettings {
  readonly name: string;
  readonly options: OptionSet;
}

export type OptionType =
  | 'ipv4'
  | 'ipv4-list'
  | 'string'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'int32'
  | 'boolean'
  | 'hex'
  | 'domain-list'
  | 'classless-routes';

/** An option that IANA's table does not have, or that the operator wants to name. */
export interface CustomOption {
  readonly name: string;
  readonly code: number;
  readonly type: OptionType;
}

export interface DhcpSettings {
  /** 67; another one only where the whole network is simulated. Relays are answered at it, clients at the next one. */
  readonly port: number;
  /** proxyDHCP's second port (PXE 2.1). */
  readonly proxyPort: number;
  readonly subnets: readonly SubnetSettings[];
  readonly reservations: readonly ReservationSettings[];
  readonly groups: ReadonlyMap<string, GroupSettings>;
  readonly customOptions: readonly CustomOption[];
  /** Sent to everyone, before the subnet's. */
  readonly options: OptionSet;
  /** An address that was offered is kept for its client this long. */
  readonly offerHoldMs: number;
  /** An address that a client declined rests this long. */
  readonly quarantineMs: number;
  /** BOOTP leases never end, so by default only reservations get them. */
  readonly bootp: 'off' | 'reservations' | 'pool';
  /** Look for other DHCP servers this often; 0: only listen. */
  readonly probeIntervalMs: number;
}

export interface TftpSettings {
  readonly port: number;
  readonly maxTransfers: number;
  /** Of one address. */
  readonly maxTransfersPerClient: number;
  /** Largest blksize that is granted (RFC 2348). */
  readonly maxBlockBytes: number;
  /** Largest windowsize that is granted (RFC 7440). */
  readonly maxWindowBlocks: number;
}

export interface HttpSettings {
  readonly port: number;
  readonly maxConnections: number;
  /** Of one address. */
  readonly maxConnectionsPerClient: number;
}

export interface DnsSettings {
  /** UDP and TCP. */
  readonly port: number;
  /** `site.domain`, the forward zone; always there where an interface has DNS. */
  readonly domain?: string;
  /** Our own host name in the zone, and its name server's. */
  readonly serverName: string;
  /** Of every answer of ours, also of negative ones. */
  readonly ttlSeconds: number;
  /** Who is asked for names outside of our zones; undefined: whom this host asks itself. Empty: nobody. */
  readonly upstreams?: readonly UpstreamSettings[];
  /** Networks that may ask for such names, beside those of the interfaces and subnets. */
  readonly clients: readonly Ipv4Subnet[];
  readonly records: readonly DnsRecordSettings[];
}

export interface UpstreamSettings {
  readonly address: Ipv4;
  readonly port: number;
}

/** A record that the operator wrote. Names are absolute, in lower case, without a dot at the end; `*` may be its first label. */
export type DnsRecordSettings = { readonly name: string } & DnsRecordValue;

export type DnsRecordValue =
  /** An IPv4 or an IPv6 address as text. */
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME' | 'PTR'; readonly target: string }
  | {
      readonly type: 'SRV';
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: 'TXT'; readonly text: string };

export interface BootSettings {
  readonly profiles: ReadonlyMap<string, ProfileSettings>;
  /** Boot program for each firmware, where the operator wants another than the manifest's. */
  readonly programs: Partial<Readonly<Record<Firmware, AssetName>>>;
  /** `grub` for a site with Secure Boot on. */
  readonly loader: LoaderChoice;
  readonly diskMethods: Partial<Readonly<Record<Firmware, DiskMethod>>>;
  /** Absent: nothing is said to installers beside what profiles and nodes say. */
  readonly install?: InstallSettings;
}

/** What an installer is told, as it was written: `profiles/install-values.ts` says what may stand there. */
export type WrittenInstallValues = Readonly<Record<string, unknown>>;

/** Where answer files come from, beside the profiles. */
export interface InstallSettings {
  /** Absolute path of the operator's own templates. */
  readonly templatesDir?: string;
  /** For every node. */
  readonly site: WrittenInstallValues;
  /** For nodes of a role, by its name. */
  readonly roles: ReadonlyMap<string, WrittenInstallValues>;
}

/** A profile as it stands in the configuration; its kind (profiles/) says what it means. */
export interface ProfileSettings {
  readonly name: string;
  readonly kind: string;
  /** Name of the imported asset that it boots. */
  readonly asset?: string;
  /** What that asset holds. Absent where it can't be read: then there is nothing to boot. */
  readonly medium?: BootMedium;
  /** As written, or the asset's. */
  readonly kernel?: AssetName;
  readonly initrds: readonly AssetName[];
  readonly arguments: string;
  /** The ready-made profile that it was made of. */
  readonly base?: string;
  /** What the installer fetches by HTTP once it runs: an ISO image, or the folder of an installation tree. */
  readonly media?: AssetName;
  /** iPXE commands of a profile of kind `script`. */
  readonly script?: string;
  /** What a profile of kind `script` says of itself. */
  readonly destructive?: boolean;
  /** Template of its main answer file, in place of its kind's. */
  readonly template?: string;
  /** How a profile of kind `autoinstall` is told where its answer file is: cloud-init's seed, or as DGX OS 6 and 7 do. */
  readonly delivery?: 'nocloud' | 'force-ai';
  /** Those of its ready-made profile, and its own. */
  readonly values?: ProfileValues;
}

export interface ProfileValues {
  /** Of the ready-made profile: the site's values are stronger. */
  readonly base: WrittenInstallValues;
  /** Stronger than the site's. */
  readonly own: WrittenInstallValues;
}

export type ListenAddress = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface ApiSettings {
  readonly listen: readonly ListenAddress[];
}

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'auto' | 'json' | 'pretty';
}

/** How long a node may stay in each phase of its life, in milliseconds, before somebody is told. */
export interface DeadlineTimes {
  /** From the order to the BMC until the machine is on. */
  readonly powering: number;
  /** From power until its firmware asks for an address: POST, and hands where there is no BMC. */
  readonly booting: number;
  /** From that until its installer fetches an answer file. */
  readonly loading: number;
  /** From that until the installer says that it started. */
  readonly installing: number;
  /** Between two words of a running installer. */
  readonly silence: number;
  /** From the installer's end until the system answers from the disk. */
  readonly finishing: number;
  /** Until a runner takes an installed node over; without one it is ready then. */
  readonly installed: number;
  readonly 'handing-off': number;
}

export interface LifecycleSettings {
  /** For nodes of no platform below. */
  readonly deadlines: DeadlineTimes;
  /** By platform: a node's label `platform`, or its group. GPU servers spend many minutes in POST. */
  readonly platforms: ReadonlyMap<string, DeadlineTimes>;
  /** How long a grant waits for its node. */
  readonly grantMs: number;
  /** How long the session that claimed a grant may repeat its requests, at most. */
  readonly claimMs: number;
  /** How often an installation that failed after its claim is armed again by itself; 0: never. */
  readonly retries: number;
  readonly rules: readonly ArmRule[];
}

/** Arms nodes when they are enrolled; once in a node's life. All that it names must fit. */
export interface ArmRule {
  readonly name: string;
  readonly profile: string;
  readonly roles: readonly string[];
  readonly racks: readonly string[];
  readonly groups: readonly string[];
}

/** What is done about machines that ask and are no nodes. */
export interface DiscoverySettings {
  /** `when-needed`: while a node waits for its machine by serial number or UUID, strangers are asked for theirs. */
  readonly identify: 'when-needed' | 'never';
  /** The first that fits a machine counts. */
  readonly rules: readonly DiscoveryRule[];
}

/** Makes nodes of machines that are no nodes. It arms nothing, and gives no profile that can write to a disk. */
export interface DiscoveryRule {
  readonly name: string;
  readonly match: DiscoveryMatch;
  readonly adopt: DiscoveryAdoption;
  /** By itself, when the machine comes; else only when an operator says so. */
  readonly automatic: boolean;
}

/**
 * What a machine has to be; all that is given must fit. Patterns match the whole text whatever its case: `*` is anything,
 * `?` one character, and `{word}` some letters and digits, which the adoption's texts can name.
 */
export interface DiscoveryMatch {
  /** A part of the name that the IEEE's registry has for the MAC address. */
  readonly vendor?: string;
  /** First three bytes of the MAC address: `b8:3f:d2`. */
  readonly oui?: string;
  readonly mac?: string;
  readonly uuid?: string;
  readonly serialNumber?: string;
  /** Of option 60. */
  readonly vendorClass?: string;
  /** Option 93. */
  readonly architecture?: number;
  readonly firmware?: Firmware;
  /** Of option 82's text, or of its hex digits where it is no text. */
  readonly circuitId?: string;
  readonly remoteId?: string;
  /** That its address, its relay, or our own interface where it was heard is in. */
  readonly subnet?: Ipv4Subnet;
}

/** What the node is like. Texts may hold `{mac}`, `{port}`, `{serial}`, `{n}` and the words of the match; `{port:2}` has two digits. */
export interface DiscoveryAdoption {
  readonly namePattern: string;
  /** Of its one interface. */
  readonly interfaceName: string;
  readonly rack?: string;
  readonly position?: string;
  readonly roles: readonly string[];
  readonly group?: string;
  readonly profile?: string;
  readonly labels: Readonly<Record<string, string>>;
}
