import { decodeClientMachineId } from '../../codecs/dhcp/client-machine-id.ts';
import type { DhcpMessage } from '../../codecs/dhcp/message.ts';
import { OptionCode } from '../../codecs/dhcp/option-table.ts';
import { decodeUserClass } from '../../codecs/dhcp/user-class.ts';
import { decodeVendorClass, type VendorClass } from '../../codecs/dhcp/vendor-class.ts';
import type { BootClient, ClientStage, Firmware } from '../../domain/client.ts';
import { whyShared } from '../../domain/shared-uuids.ts';

/** Options that tell boot clients apart. */
const Sign = { USER_CLASS: 77, ARCHITECTURE: 93, MACHINE_ID: 97, IPXE: 175 } as const;
const IPXE_CLASS = 'iPXE';
const MACHINE_ID_BYTES = 17;

/** Option 93 (IANA "Processor Architecture Types"). */
const FIRMWARE: ReadonlyMap<number, Firmware> = new Map<number, Firmware>([
  [0, 'bios'],
  [6, 'uefi-ia32'],
  [7, 'uefi-x64'],
  // EBC by IANA's list; firmware from before the erratum to RFC 4578 sends it for x86-64.
  [9, 'uefi-x64'],
  [11, 'uefi-arm64'],
  [15, 'uefi-ia32'],
  [16, 'uefi-x64'],
  [19, 'uefi-arm64'],
  [20, 'bios'],
]);

/**
 * What kind of program sent the message. An option that its sender garbled is taken as absent: a boot ROM with one bad
 * byte still has to boot.
 */
export function classifyClient({ options }: DhcpMessage): BootClient {
  const vendor = vendorClass(options.get(OptionCode.vendorClass));
  const architecture = firstArchitecture(options.get(Sign.ARCHITECTURE)) ?? vendor?.architecture;
  const firmware = architecture === undefined ? undefined : FIRMWARE.get(architecture);
  const uuid = machineUuid(options.get(Sign.MACHINE_ID));
  return {
    stage: stageOf(options, vendor),
    ...(firmware !== undefined && { firmware }),
    ...(architecture !== undefined && { architecture }),
    ...(uuid !== undefined && { uuid }),
    ...(vendor !== undefined && { vendorClass: vendor.text }),
  };
}

function stageOf(options: DhcpMessage['options'], vendor: VendorClass | undefined): ClientStage {
  if (!options.has(OptionCode.messageType)) return 'bootp';
  // iPXE says PXEClient too, so that any server gives it a boot file: its own marks go first.
  if (options.has(Sign.IPXE) || isIpxeClass(options.get(Sign.USER_CLASS))) return 'ipxe';
  if (vendor?.bootClient === 'PXEClient') return 'pxe';
  return vendor?.bootClient === 'HTTPClient' ? 'http' : 'os';
}

function isIpxeClass(value: Uint8Array | undefined): boolean {
  return value !== undefined && value.length > 0 && decodeUserClass(value).classes.includes(IPXE_CLASS);
}

function vendorClass(value: Uint8Array | undefined): VendorClass | undefined {
  return value === undefined || value.length === 0 ? undefined : decodeVendorClass(value);
}

/** The first that is known; else the first. */
function firstArchitecture(value: Uint8Array | undefined): number | undefined {
  if (value === undefined || value.length < 2) return undefined;
  for (let at = 0; at + 1 < value.length; at += 2) {
    const architecture = (value[at]! << 8) | value[at + 1]!;
    if (FIRMWARE.has(architecture)) return architecture;
  }
  return (value[0]! << 8) | value[1]!;
}

function machineUuid(value: Uint8Array | undefined): string | undefined {
  if (value === undefined || value.length !== MACHINE_ID_BYTES || value[0] !== 0) return undefined;
  const uuid = decodeClientMachineId(value);
  return whyShared(uuid) === undefined ? uuid : undefined;
}
