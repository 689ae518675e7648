import type { AssetName } from '../../domain/boot.ts';
import type { Firmware } from '../../domain/client.ts';
import type { EventSink } from '../../domain/ports.ts';
import type { AssetCatalogue } from './asset-catalogue.ts';
import type { ProgramPolicy } from './boot-policy.ts';
import type { Loader, ProgramManifest } from './boot-programs.ts';
import type { BootScripts } from './boot-scripts.ts';

/** A file that a machine would be sent. */
export interface PreviewedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/**
 * What machines would be told and sent now; nothing is remembered of the questions and nobody is told of them. The
 * policy and the scripts are those that serve, with a memory and an event sink of their own.
 */
export interface BootPreview {
  readonly policy: Pick<ProgramPolicy, 'bootInformation'>;
  readonly scripts: Pick<BootScripts, 'ipxe' | 'grub'>;
  /** Undefined: it would not be found. */
  file(name: AssetName): Promise<PreviewedFile | undefined>;
  /** What a boot program of ours is; undefined for one that the operator named. */
  program(name: AssetName): { readonly loader: Loader; readonly firmware: Firmware } | undefined;
}

/** For questions: what would be told of them is told to nobody. */
export const SILENT: EventSink = { wantsDebug: false, emit: () => {} };

export function createBootPreview(
  policy: ProgramPolicy,
  scripts: BootPreview['scripts'],
  catalogue: AssetCatalogue,
  manifest: ProgramManifest,
): BootPreview {
  return {
    policy,
    scripts,
    program: (name) => manifest.programs.find((program) => program.name === name),
    async file(name) {
      const path = await catalogue.find(name);
      if (path === undefined) return undefined;
      const asset = await catalogue.open(name);
      await asset.handle.close();
      return { path, sizeBytes: asset.sizeBytes };
    },
  };
}
