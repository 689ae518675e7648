/** Where a part of an answer was said. */
export type Origin =
  /** podboot.yaml, from the top: `['subnets', '10.77.0.0/24', 'options', 'routers']`. */
  | {
      readonly in: 'configuration';
      readonly path: readonly (string | number)[];
      /** Where it stands now; absent for what is not written there and goes by podboot's own default. */
      readonly file?: string;
      readonly line?: number;
    }
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

/** What is asked. */
export interface ExplainQuestion {
  /** A node's id, name or MAC address; or a MAC address that nobody has. */
  readonly machine: string;
  /** What the machine last said that it is, unless told; x86-64 UEFI where it never asked. */
  readonly firmware?: ExplainedFirmware;
  /** Where its address is from, unless told. */
  readonly interfaceName?: string;
  /** giaddr, dotted quad. */
  readonly relay?: string;
}

export interface Explainer {
  /** @throws NotFound, InvalidInput */
  explain(question: ExplainQuestion): Promise<Explanation>;
}
