/**
 * What kind of program is asking, as far as its packet tells.
 * - `pxe`   the firmware's PXE client (option 60 `PXEClient`)
 * - `http`  the firmware's HTTP boot client (option 60 `HTTPClient`)
 * - `ipxe`  iPXE, from our boot program or already in the machine's ROM (option 77 or 175)
 * - `os`    an operating system or an installer: it wants an address, nothing to boot
 * - `bootp` a BOOTP client (RFC 951): no option 53
 */
export type ClientStage = 'pxe' | 'http' | 'ipxe' | 'os' | 'bootp';

export type Firmware = 'bios' | 'uefi-ia32' | 'uefi-x64' | 'uefi-arm64';

/** A client that asks for an address, as `classifyClient` sees it. */
export interface BootClient {
  readonly stage: ClientStage;
  /** Absent where the client does not say (option 93). */
  readonly firmware?: Firmware;
  /** Option 93 as it was sent (IANA "Processor Architecture Types"); quirks look at it. */
  readonly architecture?: number;
  /** SMBIOS UUID from option 97, lower case with hyphens, in SMBIOS's own order. */
  readonly uuid?: string;
  /** Option 60, printable part. */
  readonly vendorClass?: string;
}
