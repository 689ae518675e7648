import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { AssetName } from '../domain/boot.ts';
import type { Firmware } from '../domain/client.ts';
import { PodbootError } from '../domain/errors.ts';

export type Loader = 'ipxe' | 'grub';

/** A file of a Debian package. */
export interface ProgramSource {
  readonly package: string;
  /** Absolute. */
  readonly path: string;
}

export interface BootProgram {
  readonly name: AssetName;
  readonly firmware: Firmware;
  readonly loader: Loader;
  /** `start` may be named in a DHCP answer; `loader` is asked for by a start program, or chained to by iPXE. */
  readonly role: 'start' | 'loader';
  /** Whether UEFI HTTP boot may start with it. */
  readonly overHttp: boolean;
  readonly sources: readonly ProgramSource[];
}

/** A folder of GRUB modules. */
export interface ModuleFolder extends ProgramSource {
  readonly name: AssetName;
  readonly firmware: Firmware;
}

/** boot-assets/programs.yaml. */
export interface ProgramManifest {
  readonly programs: readonly BootProgram[];
  readonly modules: readonly ModuleFolder[];
}

const MANIFEST_PATH = fileURLToPath(new URL('../../boot-assets/programs.yaml', import.meta.url));

const FIRMWARES: readonly string[] = ['bios', 'uefi-ia32', 'uefi-x64', 'uefi-arm64'];

/** @throws PodbootError where the manifest, which is a part of podboot, is missing or damaged. */
export function loadProgramManifest(path = MANIFEST_PATH): ProgramManifest {
  try {
    return checkManifest(parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new PodbootError('program-manifest', `the manifest of boot programs ${path} can't be used: ${cause}`, {
      mend: 'Restore the file from the release of podboot that is installed.',
      cause,
    });
  }
}

function checkManifest(manifest: ProgramManifest): ProgramManifest {
  for (const program of manifest.programs) {
    const sound =
      typeof program.name === 'string' &&
      FIRMWARES.includes(program.firmware) &&
      ['ipxe', 'grub'].includes(program.loader) &&
      ['start', 'loader'].includes(program.role) &&
      typeof program.overHttp === 'boolean' &&
      program.sources.length > 0 &&
      program.sources.every(isSource);
    if (!sound) throw new TypeError(`program ${JSON.stringify(program)}`);
  }
  for (const folder of manifest.modules) {
    const sound = typeof folder.name === 'string' && FIRMWARES.includes(folder.firmware) && isSource(folder);
    if (!sound) throw new TypeError(`modules ${JSON.stringify(folder)}`);
  }
  return manifest;
}

function isSource(source: ProgramSource): boolean {
  return typeof source.package === 'string' && typeof source.path === 'string' && source.path.startsWith('/');
}
