import type { Firmware } from '../domain/client.ts';
import type { ExplainedFirmware } from '../domain/explanation.ts';
import { biosPxe, type DhcpDialect } from '../rehearsal/dhcp-dialect.ts';
import { MACHINE_FIRMWARE } from '../rehearsal/firmware.ts';

/** What a kind of machine sends, as far as its first boot program. */
export interface ExplainedMachine {
  readonly title: string;
  readonly firmware: Firmware;
  readonly boots: 'pxe' | 'http' | 'ipxe-rom';
  readonly dhcp: DhcpDialect;
  /** Option 93 of iPXE, once it runs on this machine. */
  readonly ipxeArchitecture: number;
  /** What shim loads next. */
  readonly grubName: string;
  readonly secureBoot: boolean;
}

const { bios, secure, 'uefi-x64': uefi, 'uefi-http': http, 'uefi-arm64': arm64 } = MACHINE_FIRMWARE;

export const EXPLAINED_MACHINES: Readonly<Record<ExplainedFirmware, ExplainedMachine>> = {
  bios: { ...bios, title: 'BIOS, PXE ROM', firmware: 'bios', boots: 'pxe', dhcp: biosPxe() },
  ipxe: { ...bios, firmware: 'bios' },
  'uefi-x64': { ...uefi, firmware: 'uefi-x64' },
  'uefi-arm64': { ...arm64, firmware: 'uefi-arm64' },
  http: { ...http, firmware: 'uefi-x64' },
  secure: { ...secure, firmware: 'uefi-x64' },
};

/** The kind of machine that has this firmware, where nothing more is known of it. */
export function machineWith(firmware: Firmware | undefined): ExplainedFirmware {
  if (firmware === 'bios' || firmware === 'uefi-arm64') return firmware;
  return 'uefi-x64';
}
