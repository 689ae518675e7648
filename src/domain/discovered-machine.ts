import type { ClientStage, Firmware } from './client.ts';
import type { Ipv4 } from './ipv4.ts';
import type { InterfaceKey } from './lease.ts';
import type { MacAddress } from './mac.ts';
import type { NodePort, SwitchPort } from './node.ts';

/** What one packet told about a machine that is no node. */
export interface Sighting {
  readonly key: InterfaceKey;
  readonly mac?: MacAddress;
  /** Option 61 in lower-case hex. */
  readonly clientId?: string;
  readonly stage: ClientStage;
  readonly firmware?: Firmware;
  readonly architecture?: number;
  readonly uuid?: string;
  /** Option 60, printable part. */
  readonly vendorClass?: string;
  /** Option 12. */
  readonly hostname?: string;
  readonly switchPort?: SwitchPort;
  /** Where it was heard. */
  readonly interfaceName: string;
  /** giaddr; absent on the link itself. */
  readonly relay?: Ipv4;
  /** What it was given, if anything. */
  readonly address?: Ipv4;
}

/** A machine that asked and is no node: all that is known of it. It gets an address at most. */
export interface DiscoveredMachine extends Sighting {
  /** `bmc`: its packets or the maker of its interface say so. */
  readonly kind: 'machine' | 'bmc';
  /** Owner of the first three bytes of the MAC address (IEEE's registry). */
  readonly vendor?: string;
  /** From its firmware by way of its boot program, where it was asked: its own word, which nobody proves. */
  readonly serialNumber?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  /** When it was first offered to say so, and when it did. Milliseconds since 1970. */
  readonly askedAt?: number;
  readonly identifiedAt?: number;
  /** Milliseconds since 1970. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Packets that asked for something. */
  readonly requests: number;
}

/** Where services tell of machines that they do not know. Cheap: it is asked for each packet of a stranger. */
export interface SightingSink {
  saw(sighting: Sighting): void;
  /**
   * An interface of a node that has no MAC address of its own was used by this one: its switch port or its UUID told whose it
   * is. Told at each such packet.
   */
  used(port: NodePort, mac: MacAddress, evidence: 'switch-port' | 'uuid'): void;
}

/** What a boot program read out of its machine's firmware. All of it is the machine's own word. */
export interface FirmwareTestimony {
  /** Of the system, its chassis and its board: which of them is on the label differs from maker to maker. */
  readonly serialNumbers: readonly string[];
  readonly uuid?: string;
  readonly manufacturer?: string;
  readonly product?: string;
}

/** Finds out which node a machine is that nothing in its DHCP packets tells. services/boot asks. */
export interface Identification {
  /** Nodes wait for their machines, and this stranger has not been asked lately. Cheap: asked for each of its packets. */
  isWanted(key: InterfaceKey): boolean;
  /** The same, also of a machine that has never come: it is asked when it does. */
  wouldBeWanted(key: InterfaceKey): boolean;
  /** The node that the machine turned out to be; its interface has the machine's MAC address then. Never rejects. */
  identify(key: InterfaceKey, testimony: FirmwareTestimony): Promise<NodePort | undefined>;
}
