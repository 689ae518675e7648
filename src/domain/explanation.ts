import type { Firmware } from './client.ts';
import type { Ipv4 } from './ipv4.ts';

/** Where a part of an answer was said. */
export type Origin =
  /** podboot.yaml, from the top: `['subnets', '10.77.0.0/24', 'options', 'routers']`. */
  | { readonly in: 'configuration'; readonly path: readonly (string | number)[] }
  /** A field of a node's record. */
  | { readonly in: 'node'; readonly node: string; readonly field: string }
  /** A lease or an offer in memory. */
  | { readonly in: 'leases' }
  /** A file that podboot comes with, or that it was given. */
  | { readonly in: 'file'; readonly file: string }
  /** The protocol leaves no choice, or podboot knows the firmware: the sentence says which rule. */
  | { readonly in: 'rule'; readonly rule: string };

/** One reason, in words, and where it comes from. */
export interface Because {
  readonly text: string;
  readonly origin?: Origin;
}

export interface ExplainedOption {
  readonly code: number;
  /** As in podboot.yaml; `option 224` for one without a name. */
  readonly name: string;
  /** As a person would write it. */
  readonly value: string;
  readonly hex: string;
  readonly origin: Origin;
}

/** What a machine is asked to be for an explanation: firmware with its way of booting, or iPXE in a ROM. */
export type ExplainedFirmware = 'bios' | 'uefi-x64' | 'uefi-arm64' | 'http' | 'secure' | 'ipxe';

/** One exchange of the boot. */
export interface ExplainedStep {
  /** `UEFI PXE asks for an address (DHCPDISCOVER)`. */
  readonly title: string;
  /** The request as this kind of machine sends it, in hex; absent for what is not DHCP. */
  readonly request?: string;
  readonly outcome: 'answered' | 'refused' | 'silent' | 'missing';
  readonly because: readonly Because[];
  /** DHCP: the answer's bytes in hex, its fields and options, and where it goes. */
  readonly dhcp?: {
    readonly bytes: string;
    readonly destination: string;
    readonly fields: Readonly<Record<'yiaddr' | 'siaddr' | 'giaddr' | 'file', string>>;
    readonly options: readonly ExplainedOption[];
  };
  /** TFTP and HTTP: what is sent. */
  readonly file?: {
    /** As the machine asks for it: a TFTP name, or a URL. */
    readonly name: string;
    /** On this host; absent for what is rendered. */
    readonly path?: string;
    readonly sizeBytes?: number;
    /** Of a rendered one: an iPXE script, a GRUB configuration. */
    readonly text?: string;
  };
}

/** What a machine would get now if it asked, step by step until its kernel or its disk. Nothing is changed by asking. */
export interface Explanation {
  readonly firmware: ExplainedFirmware;
  readonly machine: { readonly mac: string; readonly node?: string; readonly uuid?: string };
  readonly interfaceName: string;
  readonly relay?: string;
  readonly steps: readonly ExplainedStep[];
  /** The last word: `boots the kernel debian/linux of its profile rescue`. */
  readonly summary: string;
}

/** Who asks where, in an explanation. */
export interface ExplainedPlace {
  readonly interfaceName: string;
  readonly relay?: Ipv4;
}

export interface ExplainedClient {
  readonly firmware?: Firmware;
  readonly overHttp: boolean;
}
