import type { Ipv4 } from './ipv4.ts';
import type { MacAddress } from './mac.ts';

export type NodeId = string;

/** `boot` may boot the node; `bmc` is its management controller; the others only get an address. */
export type InterfaceRole = 'boot' | 'bmc' | 'infiniband' | 'other';

/** A switch port as a relay or a snooping switch names it (option 82, RFC 3046), both in lower-case hex. */
export interface SwitchPort {
  readonly circuitId?: string;
  readonly remoteId?: string;
}

/** One network interface of a node. At least one of mac, clientId and switchPort (or the node's uuid) identifies it. */
export interface NodeInterface {
  /** Unique in its node: `eno1`, `bmc`, `ib0`. */
  readonly name: string;
  readonly role: InterfaceRole;
  readonly mac?: MacAddress;
  /** DHCP client identifier (option 61) in lower-case hex: Infiniband has nothing else (RFC 4390). */
  readonly clientId?: string;
  readonly switchPort?: SwitchPort;
  /** Its reserved address; without one it gets one from the pool of the subnet in which it asks, and keeps it. */
  readonly address?: Ipv4;
}

/** A typed DHCP option by its name in the configuration, as the operator wrote it: `interfaceMtu: 9000`. */
export type OptionValue = string | number | boolean | readonly (string | number | Readonly<Record<string, string>>)[];

/** How a UEFI or BIOS machine is brought to its kernel. `auto` follows the table of quirks. */
export type LoaderChoice = 'auto' | 'ipxe' | 'grub';

export interface Node {
  readonly id: NodeId;
  /** RFC 1123 label, unique: also its DHCP and DNS host name. */
  readonly name: string;
  readonly interfaces: readonly NodeInterface[];
  /** SMBIOS UUID, lower case with hyphens. */
  readonly uuid?: string;
  readonly serialNumber?: string;
  readonly rack?: string;
  /** In its rack, as the label says it: `U12`, `12-15`. */
  readonly position?: string;
  /** What it is for: `gpu`, `kube_node`, `slurm-login`. Runners make their groups of them. */
  readonly roles: readonly string[];
  /** Name of a group in the configuration whose options apply. */
  readonly group?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, OptionValue>>;
  readonly boot: NodeBoot;
  /** What its installer is told differently from its roles' nodes, as in podboot.yaml under `install`. */
  readonly install?: Readonly<Record<string, unknown>>;
  /** Absent: nothing here can power it. */
  readonly bmc?: NodeBmc;
  /** Grows by one at each change: the entity tag of the API. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * How a node's power is reached.
 * - `auto`    Redfish where a certificate is pinned, else IPMI
 * - `command` the operator's own program: a PDU, a hypervisor
 * - `none`    by hand, or by Wake-on-LAN
 */
export const BMC_DRIVERS = ['auto', 'ipmi', 'redfish', 'command', 'none'] as const;
export type BmcDriverName = (typeof BMC_DRIVERS)[number];

/** IPMI 2.0 table 22-20. Those below 3 leave out a password, a code or the encryption, and are never used. */
export const BMC_CIPHER_SUITES = [3, 17] as const;
export type BmcCipherSuite = (typeof BMC_CIPHER_SUITES)[number];

/** The management controller behind the interface of role `bmc`, or what stands in for one. */
export interface NodeBmc {
  readonly driver: BmcDriverName;
  /** Name or address; the reserved or leased address of the node's BMC interface unless told. */
  readonly host?: string;
  /** 623 or 443 unless told. */
  readonly port?: number;
  /** Name of a set of credentials; the configuration's rules say which unless told. */
  readonly credentials?: string;
  /** SHA-256 of its certificate in lower-case hex, pinned. */
  readonly fingerprint?: string;
  /** Of `command`: program and arguments; `{name}`, `{address}` and `{action}` stand for themselves in a word. */
  readonly command?: readonly string[];
  /** Of IPMI: the cipher suite that its sessions have, and no other; the best that it has unless told. */
  readonly cipherSuite?: BmcCipherSuite;
  /** Of `none`: its boot interface listens for a magic packet. */
  readonly wakeOnLan?: boolean;
}

/** What the node does at its next network boot. */
export interface NodeBoot {
  /** Name of a profile in the configuration, or `local`: its own disk. */
  readonly profile: string;
  readonly loader: LoaderChoice;
  /** Overrides the table of quirks for this node. */
  readonly diskMethod?: DiskMethod;
}

/**
 * How a machine that asked the network is sent to its own disk.
 * - `no-boot-file`  the DHCP answer has no boot file: the firmware goes on to its next boot entry
 * - `ipxe-exit`     iPXE's `exit`: back to the firmware, which goes on
 * - `ipxe-sanboot`  iPXE boots the first BIOS disk itself, for BIOSes that stop after `exit`
 * - `grub-exit`     GRUB's `exit`
 * - `grub-chainload` GRUB looks for an EFI boot loader on the disks and starts it
 */
export type DiskMethod = 'no-boot-file' | 'ipxe-exit' | 'ipxe-sanboot' | 'grub-exit' | 'grub-chainload';

/** A node seen through the interface that asked. */
export interface NodePort {
  readonly node: Node;
  readonly interface: NodeInterface;
}
