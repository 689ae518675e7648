import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';

/** The types that boot GPU pods (IANA "Processor Architecture Types", RFC 5970 section 3.3). */
export const Architecture = {
  X86_BIOS: 0,
  X86_UEFI: 6,
  X64_UEFI: 7,
  /** EBC by IANA's list, but old firmware sends it for x86-64. */
  EBC: 9,
  ARM64_UEFI: 11,
  X86_UEFI_HTTP: 15,
  X64_UEFI_HTTP: 16,
  ARM64_UEFI_HTTP: 19,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'x86 BIOS'],
  [1, 'NEC PC-98'],
  [2, 'Itanium'],
  [3, 'DEC Alpha'],
  [4, 'Arc x86'],
  [5, 'Intel Lean Client'],
  [6, 'x86 UEFI'],
  [7, 'x86-64 UEFI'],
  [8, 'XScale EFI'],
  [9, 'EBC (x86-64 UEFI in old firmware)'],
  [10, 'ARM 32-bit UEFI'],
  [11, 'ARM 64-bit UEFI'],
  [12, 'PowerPC Open Firmware'],
  [13, 'PowerPC ePAPR'],
  [14, 'POWER OPAL v3'],
  [15, 'x86 UEFI, HTTP boot'],
  [16, 'x86-64 UEFI, HTTP boot'],
  [17, 'EBC, HTTP boot'],
  [18, 'ARM 32-bit UEFI, HTTP boot'],
  [19, 'ARM 64-bit UEFI, HTTP boot'],
  [20, 'x86 BIOS, HTTP boot'],
  [21, 'ARM 32-bit U-Boot'],
  [22, 'ARM 64-bit U-Boot'],
  [23, 'ARM 32-bit U-Boot, HTTP boot'],
  [24, 'ARM 64-bit U-Boot, HTTP boot'],
  [25, 'RISC-V 32-bit UEFI'],
  [26, 'RISC-V 32-bit UEFI, HTTP boot'],
  [27, 'RISC-V 64-bit UEFI'],
  [28, 'RISC-V 64-bit UEFI, HTTP boot'],
  [29, 'RISC-V 128-bit UEFI'],
  [30, 'RISC-V 128-bit UEFI, HTTP boot'],
  [31, 's390 basic'],
  [32, 's390 extended'],
  [33, 'MIPS 32-bit UEFI'],
  [34, 'MIPS 64-bit UEFI'],
  [35, 'Sunway 32-bit UEFI'],
  [36, 'Sunway 64-bit UEFI'],
  [37, 'LoongArch 32-bit UEFI'],
  [38, 'LoongArch 32-bit UEFI, HTTP boot'],
  [39, 'LoongArch 64-bit UEFI'],
  [40, 'LoongArch 64-bit UEFI, HTTP boot'],
  [41, 'ARM Raspberry Pi boot'],
]);

export function architectureName(code: number): string {
  return NAMES.get(code) ?? `architecture ${code}`;
}

/**
 * Option 93 (RFC 4578 section 2.1): what the firmware can boot, one uint16 each, nearly always a single one.
 *
 * @throws MalformedPacket for an empty list or half a number
 */
export function decodeClientArchitectures(bytes: Uint8Array): number[] {
  const reader = new ByteReader(bytes, 'DHCP option 93');
  const architectures: number[] = [];
  do architectures.push(reader.uint16('architecture'));
  while (reader.remaining > 0);
  return architectures;
}

/** @throws RangeError for an empty list */
export function encodeClientArchitectures(architectures: readonly number[]): Uint8Array {
  if (architectures.length === 0) throw new RangeError('option 93 needs at least one architecture');
  const writer = new ByteWriter();
  for (const architecture of architectures) writer.uint16(architecture, 'architecture');
  return writer.finish();
}
