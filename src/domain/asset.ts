import type { AssetName } from './boot.ts';

/** Of a machine and of what it boots, by Debian's names: x86-64 and AArch64. */
export type Architecture = 'amd64' | 'arm64';

/**
 * What lies on a medium, and so which installer it starts.
 * - `debian-installer`   debian-installer for network boot: kernel and initrd (also Ubuntu's up to 18.04, and DGX OS 4)
 * - `ubuntu-live-server` subiquity: kernel, initrd, and the ISO that they fetch whole (`url=`)
 * - `dgx-os`             as its release says: live-boot and curtin for 5, subiquity from 6 on; the ISO is fetched whole
 * - `rocky`              Anaconda: kernel, initrd, and the tree that they read (`inst.repo=`); also RHEL, AlmaLinux, Fedora
 * - `other`              kernel and initrds that the operator named
 */
export type AssetKind = 'debian-installer' | 'ubuntu-live-server' | 'dgx-os' | 'rocky' | 'other';

export const ASSET_KINDS: readonly AssetKind[] = ['debian-installer', 'ubuntu-live-server', 'dgx-os', 'rocky', 'other'];

/** One file of an imported medium. */
export interface AssetFile {
  readonly name: AssetName;
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** Whole seconds since 1970: copies and backups keep no more. */
  readonly mtimeSeconds: number;
}

/** What profiles boot of an imported medium. Names are relative to assetsDir. */
export interface BootMedium {
  /** The asset's. */
  readonly name: string;
  readonly kind: AssetKind;
  /** `12`, `24.04.1`, `7.2.1`; empty where the medium doesn't say. */
  readonly release: string;
  readonly architecture: Architecture;
  readonly kernel: AssetName;
  readonly initrds: readonly AssetName[];
  /** The whole ISO, where its installer fetches it. */
  readonly iso?: AssetName;
  /** The folder of its unpacked tree, where its installer reads that. */
  readonly tree?: AssetName;
  /** Those of the files above: what they have to be when a machine asks for them. */
  readonly files: readonly AssetFile[];
}

/** An imported asset as it stands: for the API and the command line. */
export interface AssetSummary {
  readonly name: string;
  /** Absent, as all that the manifest says, where it can't be read. */
  readonly kind?: AssetKind;
  readonly release?: string;
  readonly architecture?: Architecture;
  /** What the medium calls itself. */
  readonly title?: string;
  readonly files?: number;
  readonly sizeBytes?: number;
  /** Where it came from, on the machine that it was imported on. */
  readonly source?: string;
  /** ISO 8601. */
  readonly importedAt?: string;
  readonly notes: readonly string[];
  /** Empty: the files that machines load are there, as long and as old as when they were imported. */
  readonly troubles: readonly { readonly message: string; readonly mend: string }[];
  readonly usedBy: {
    readonly profiles: readonly string[];
    /** Other places of the configuration: `boot.programs.uefi-x64`. */
    readonly settings: readonly string[];
    /** Those that boot one of the profiles. */
    readonly nodes: readonly string[];
  };
}

/** assets/ fulfils it for the API. */
export interface AssetDirectory {
  /** Absolute. */
  readonly folder: string;
  /** By name. */
  list(): readonly AssetSummary[];
}
