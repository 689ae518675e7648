import { constants, gunzipSync } from 'node:zlib';
import type { Architecture } from '../domain/asset.ts';

/** How much of a file is looked at. */
export const HEAD_BYTES = 64 * 1024;

export interface KernelImage {
  readonly architecture: Architecture;
  /** For people: `bzImage`, `arm64 Image`, `EFI zboot`. */
  readonly format: string;
}

/** Linux/x86 boot protocol (Documentation/arch/x86/boot.rst): xloadflags bit 0, the kernel has a 64-bit entry point. */
const XLF_KERNEL_64 = 1;
const FIRST_PROTOCOL_WITH_XLOADFLAGS = 0x020c;

/** IMAGE_FILE_MACHINE_* of the PE/COFF format. */
const PE_MACHINES: ReadonlyMap<number, Architecture> = new Map([
  [0x8664, 'amd64'],
  [0xaa64, 'arm64'],
]);

/** @returns undefined where it is no kernel that podboot can boot; 32-bit x86 kernels are none */
export function identifyKernel(head: Uint8Array): KernelImage | undefined {
  if (isGzip(head)) {
    // arm64 kernels of Ubuntu and Red Hat are compressed whole; GRUB unpacks them.
    const inner = firstUnpackedBytes(head);
    const image = inner === undefined ? undefined : identifyPlain(inner);
    return image?.architecture === 'arm64' ? { ...image, format: `${image.format}, gzip` } : undefined;
  }
  return identifyPlain(head);
}

function identifyPlain(head: Uint8Array): KernelImage | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 0x40) return undefined;
  if (text(head, 0x38, 4) === 'ARMd') return { architecture: 'arm64', format: 'arm64 Image' };
  if (isBzImage(head, view)) {
    const protocol = view.getUint16(0x206, true);
    const is64Bit = protocol >= FIRST_PROTOCOL_WITH_XLOADFLAGS && (view.getUint16(0x236, true) & XLF_KERNEL_64) !== 0;
    // Before 2.12 (Linux 3.8) nothing in the header tells.
    const isUnknown = protocol < FIRST_PROTOCOL_WITH_XLOADFLAGS && peArchitecture(head, view) === 'amd64';
    return is64Bit || isUnknown ? { architecture: 'amd64', format: 'bzImage' } : undefined;
  }
  // include/linux/… drivers/firmware/efi/libstub/zboot-header.S: an EFI program that unpacks the kernel.
  if (text(head, 0, 2) === 'MZ' && text(head, 4, 4) === 'zimg') {
    const architecture = peArchitecture(head, view);
    return architecture === undefined ? undefined : { architecture, format: 'EFI zboot' };
  }
  return undefined;
}

function isBzImage(head: Uint8Array, view: DataView): boolean {
  return head.length >= 0x238 && view.getUint16(0x1fe, true) === 0xaa55 && text(head, 0x202, 4) === 'HdrS';
}

/** What machine a PE program (an EFI boot program, a kernel with an EFI stub) is for. */
export function peArchitecture(head: Uint8Array, view = viewOf(head)): Architecture | undefined {
  if (head.length < 0x40 || text(head, 0, 2) !== 'MZ') return undefined;
  const offset = view.getUint32(0x3c, true);
  if (offset + 6 > head.length || text(head, offset, 4) !== 'PE\0\0') return undefined;
  return PE_MACHINES.get(view.getUint16(offset + 4, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const INITRD_MAGICS: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ['cpio', [0x30, 0x37, 0x30, 0x37, 0x30]],
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lzo', [0x89, 0x4c, 0x5a, 0x4f]],
];

/** The format of an initial RAM disk, of those that Linux unpacks (lib/decompress.c); undefined: none of them. */
export function identifyInitrd(head: Uint8Array): string | undefined {
  return INITRD_MAGICS.find(([, magic]) => magic.every((byte, index) => head[index] === byte))?.[0];
}

function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

function firstUnpackedBytes(head: Uint8Array): Uint8Array | undefined {
  try {
    // The head is cut off somewhere: what there is is unpacked. 64 KiB of gzip may hold 64 MiB of zeros.
    return gunzipSync(head.subarray(0, 8 * 1024), { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 << 20 });
  } catch {
    return undefined;
  }
}

function text(bytes: Uint8Array, offset: number, lengthBytes: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + lengthBytes));
}
