import type { BootProgram, Loader, ProgramManifest } from '../../assets/program-manifest.ts';
import type { Firmware } from '../../domain/client.ts';

export {
  type BootProgram,
  type Loader,
  loadProgramManifest,
  type ModuleFolder,
  type ProgramManifest,
} from '../../assets/program-manifest.ts';

/** The program that a DHCP answer names for a firmware that is to be brought to this loader. */
export function startProgram(
  manifest: ProgramManifest,
  firmware: Firmware,
  loader: Loader,
  overHttp: boolean,
): BootProgram | undefined {
  return manifest.programs.find(
    (program) =>
      program.role === 'start' &&
      program.firmware === firmware &&
      program.loader === loader &&
      (program.overHttp || !overHttp),
  );
}

/** GRUB itself, for an iPXE that is to chain to it: without shim, as iPXE only runs where Secure Boot is off. */
export function grubProgram(manifest: ProgramManifest, firmware: Firmware): BootProgram | undefined {
  return manifest.programs.find((program) => program.role === 'loader' && program.firmware === firmware);
}

/** "install the package shim-signed", or any of several. */
export function installHint(program: BootProgram): string {
  const names = program.sources.map((source) => source.package);
  return `Install the package ${names.join(' or ')}, or put ${program.name} into assetsDir.`;
}
