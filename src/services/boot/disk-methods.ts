import type { BootClient, Firmware } from '../../domain/client.ts';
import type { DiskMethod, Node } from '../../domain/node.ts';
import type { BootSettings } from '../../domain/settings.ts';
import type { Loader } from './boot-programs.ts';

/** How machines of one kind are sent to their own disk. What is left out fits every machine. */
export interface DiskQuirk {
  readonly firmware?: Firmware;
  /** What asks or is about to ask: the program that carries the method out. */
  readonly loader?: Loader;
  /** Against option 60. */
  readonly vendorClass?: RegExp;
  /** Against the SMBIOS UUID: many vendors keep its first digits to themselves. */
  readonly uuid?: RegExp;
  readonly method: DiskMethod;
  readonly why: string;
}

/** The first that fits counts: put what is special before what is general. */
export const DISK_QUIRKS: readonly DiskQuirk[] = [
  {
    firmware: 'bios',
    method: 'ipxe-sanboot',
    why:
      'After `exit` a BIOS tries its next boot device, which many have none of once the network was asked for by the ' +
      'BMC: "no bootable device". iPXE reads the first disk itself. SeaBIOS does both.',
  },
  {
    firmware: 'uefi-ia32',
    method: 'no-boot-file',
    why: 'No package has a boot program for it; the firmware gives up after a minute and goes on.',
  },
  {
    method: 'grub-chainload',
    why:
      "EDK2 (OVMF, and what vendors make of it) opens its set-up screen and stays there when a boot program ends with success: GRUB's `exit` " +
      "and iPXE's plain `exit`. When it ends with an error (`exit 1`) or gets no boot file, the firmware tries all " +
      'its other network entries first (IPv6, HTTP), which takes minutes. GRUB finds the boot loader on the disk and ' +
      'starts it, whatever the boot order says, also under Secure Boot.',
  },
];

/**
 * How this machine is sent to its disk: the node's own method, the site's for the firmware, or the table's.
 * A client whose firmware is not known gets what is harmless on all of them.
 */
export function diskMethod(
  node: Node,
  client: BootClient,
  loader: Loader,
  settings: BootSettings,
  quirks: readonly DiskQuirk[],
): DiskMethod {
  if (node.boot.diskMethod !== undefined) return node.boot.diskMethod;
  const { firmware } = client;
  if (firmware === undefined) return loader === 'grub' ? 'grub-chainload' : 'ipxe-exit';
  return settings.diskMethods[firmware] ?? quirks.find((quirk) => fits(quirk, client, loader))?.method ?? 'ipxe-exit';
}

function fits(quirk: DiskQuirk, client: BootClient, loader: Loader): boolean {
  if (quirk.firmware !== undefined && quirk.firmware !== client.firmware) return false;
  if (quirk.loader !== undefined && quirk.loader !== loader) return false;
  if (quirk.vendorClass !== undefined && !quirk.vendorClass.test(client.vendorClass ?? '')) return false;
  return quirk.uuid === undefined || quirk.uuid.test(client.uuid ?? '');
}
