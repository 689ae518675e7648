import type { ClientStage, Firmware } from './client.ts';
import type { Ipv4 } from './ipv4.ts';
import type { InterfaceKey } from './lease.ts';
import type { MacAddress } from './mac.ts';
import type { SwitchPort } from './node.ts';

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
  /** `bmc`: its packets say so (option 60, OUI), or it is a node's BMC by MAC address. */
  readonly kind: 'machine' | 'bmc';
  /** Owner of the first three bytes of the MAC address (IEEE's registry). */
  readonly vendor?: string;
  /** From its firmware by way of its boot program, where it was asked. */
  readonly serialNumber?: string;
  readonly product?: string;
  /** Milliseconds since 1970. */
  readonly firstSeenAt: number;
  readonly lastSeenAt: number;
  /** Packets that asked for something. */
  readonly requests: number;
}

/** Where services tell of machines that they do not know. Cheap: it is asked for each packet of a stranger. */
export interface SightingSink {
  saw(sighting: Sighting): void;
}
