import type { DiskMethod } from './node.ts';

/** The file of an asset as machines name it: relative to the asset root, `/` between, no leading one. */
export type AssetName = string;

/**
 * What a machine is to boot now, and why. One decision, two languages: a renderer turns it into an iPXE script or a
 * GRUB configuration.
 */
export type BootDecision =
  /** Nothing to boot: not one of our nodes, or not an interface that boots. It may still get an address. */
  | { readonly action: 'nothing'; readonly reason: string }
  | { readonly action: 'disk'; readonly method: DiskMethod; readonly reason: string }
  | {
      readonly action: 'kernel';
      readonly profile: string;
      readonly kernel: AssetName;
      readonly initrds: readonly AssetName[];
      /** Kernel command line, without `initrd=`. */
      readonly arguments: string;
      readonly reason: string;
    }
  /** The operator's own iPXE commands: no other loader can run them. */
  | {
      readonly action: 'script';
      readonly profile: string;
      readonly script: string;
      /** URL of the grant's answer files, with a slash at its end; absent where the profile needs no grant. */
      readonly answers?: string;
      readonly reason: string;
    };

/** What a DHCP answer tells a machine about booting. All absent: nothing, or its disk. */
export interface BootInformation {
  /** Boot file name for TFTP (with siaddr as its server), or a URL. */
  readonly file?: string;
  /** siaddr and option 66: the TFTP server. */
  readonly nextServer?: number;
  /** Option 60 of the answer: `PXEClient` or `HTTPClient`; firmware ignores boot files without its own word. */
  readonly vendorClass?: 'PXEClient' | 'HTTPClient';
  /** For the log and the timeline: "iPXE (snponly.efi) for x86-64 UEFI". */
  readonly reason: string;
}
