import { type DhcpDialect, edk2Http, edk2Pxe, ipxe } from './dhcp-dialect.ts';

export type MachineKind = 'uefi-x64' | 'uefi-http' | 'uefi-arm64' | 'secure' | 'bios';

/** What a kind of machine does from its power button to its first boot program. */
export interface MachineFirmware {
  readonly title: string;
  /** `ipxe-rom`: the network card's ROM is iPXE already, and there is no boot program to fetch. */
  readonly boots: 'pxe' | 'http' | 'ipxe-rom';
  readonly dhcp: DhcpDialect;
  /** Option 93 of iPXE, once it runs on this machine. */
  readonly ipxeArchitecture: number;
  /** GRUB's $grub_cpu and the folder of its modules. */
  readonly grubCpu: 'x86_64' | 'arm64';
  /** What shim loads next. */
  readonly grubName: string;
  /** Secure Boot is on: nothing runs that shim is not the first of. */
  readonly secureBoot: boolean;
  /** From the power button to the first DISCOVER (POST is minutes on real servers; this is only the network's part). */
  readonly startMs: number;
}

const X64 = { ipxeArchitecture: 7, grubCpu: 'x86_64', grubName: 'grubx64.efi', startMs: 4_000 } as const;

export const MACHINE_FIRMWARE: Readonly<Record<MachineKind, MachineFirmware>> = {
  'uefi-x64': { ...X64, title: 'UEFI x86-64', boots: 'pxe', dhcp: edk2Pxe(7), secureBoot: false },
  'uefi-http': { ...X64, title: 'UEFI x86-64, HTTP boot', boots: 'http', dhcp: edk2Http(16), secureBoot: false },
  secure: { ...X64, title: 'UEFI x86-64, Secure Boot', boots: 'pxe', dhcp: edk2Pxe(7), secureBoot: true },
  'uefi-arm64': {
    title: 'UEFI arm64',
    boots: 'pxe',
    dhcp: edk2Pxe(11),
    ipxeArchitecture: 11,
    grubCpu: 'arm64',
    grubName: 'grubaa64.efi',
    secureBoot: false,
    startMs: 5_000,
  },
  bios: {
    title: 'BIOS, iPXE ROM',
    boots: 'ipxe-rom',
    dhcp: ipxe(0),
    ipxeArchitecture: 0,
    grubCpu: 'x86_64',
    grubName: 'grubx64.efi',
    secureBoot: false,
    startMs: 2_000,
  },
};

/** What a downloaded boot program would do: a rehearsal's files are made up, so their names have to tell. */
export function programKind(name: string): 'ipxe' | 'shim' | 'grub' | undefined {
  const base = (name.split(/[?#]/)[0]?.split('/').at(-1) ?? '').toLowerCase();
  if (/^(snponly|ipxe|undionly|snp|arm64-snponly)[\w.-]*\.(efi|kpxe|pxe|kkpxe)$/.test(base)) return 'ipxe';
  if (/^(shim|boot(net)?(x64|aa64|ia32))[\w.-]*$/.test(base)) return 'shim';
  return /^(grub|core)[\w.-]*\.(efi|0)$/.test(base) ? 'grub' : undefined;
}
