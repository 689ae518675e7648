import { createHash } from 'node:crypto';
import { constants, readdirSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { Architecture, AssetFile } from '../domain/asset.ts';
import type { Firmware } from '../domain/client.ts';
import { NotFound } from '../domain/errors.ts';
import type { AssetTrouble } from './asset-store.ts';
import { checksumOf } from './checksum.ts';
import { hostTrouble } from './host-trouble.ts';
import { peArchitecture } from './kernel-image.ts';
import { workFolderName } from './leftovers.ts';
import { isPlainPath } from './manifest.ts';
import { UnreadableMedium } from './medium.ts';
import { type BootProgram, loadProgramManifest, type ProgramManifest } from './program-manifest.ts';
import { makeAssetsDir } from './staging.ts';

/** Beside the programs, at the top of assetsDir. */
export const PROGRAMS_NAME = 'programs.json';
/** GRUB with every module has some 3 MB. */
const MAX_PROGRAM_BYTES = 64 * 1024 * 1024;

const FIRMWARE_ARCHITECTURES: Partial<Readonly<Record<Firmware, Architecture>>> = {
  'uefi-x64': 'amd64',
  'uefi-arm64': 'arm64',
};

/** A boot program that the operator brought, as it was then. */
export interface ImportedProgram extends AssetFile {
  readonly source: string;
  /** ISO 8601. */
  readonly importedAt: string;
}

/**
 * Puts the boot programs of a folder into assetsDir, where they are served in place of the packages'. They are known by
 * the names of boot-assets/programs.yaml, or by those that the packages give them.
 * @throws NotFound, UnreadableMedium, HostRefused; each program is there whole or not at all
 */
export async function importPrograms(
  assetsDir: string,
  folder: string,
  manifest: ProgramManifest = loadProgramManifest(),
): Promise<ImportedProgram[]> {
  const from = resolve(folder);
  const found = manifest.programs.flatMap((program) => {
    const file = fileOf(from, program);
    return file === undefined ? [] : [{ program, path: join(from, file) }];
  });
  if (found.length === 0) {
    const names = manifest.programs.flatMap((program) => [program.name, ...packagedNames(program)]);
    throw new NotFound(
      `${from} holds no boot program that podboot knows`,
      `Name a folder with any of ${[...new Set(names)].join(', ')}.`,
    );
  }
  const programs: { program: BootProgram; path: string; bytes: Buffer }[] = [];
  for (const each of found) programs.push({ ...each, bytes: await readProgram(each.program, each.path) });
  try {
    await makeAssetsDir(assetsDir);
    const imported: ImportedProgram[] = [];
    for (const { program, path, bytes } of programs) imported.push(await place(assetsDir, program, path, bytes));
    await record(assetsDir, imported);
    return imported;
  } catch (error) {
    throw hostTrouble(error, assetsDir);
  }
}

function packagedNames(program: BootProgram): string[] {
  return program.sources.map((source) => basename(source.path));
}

function fileOf(folder: string, program: BootProgram): string | undefined {
  let files: string[];
  try {
    files = readdirSync(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new NotFound(`${folder} can't be read: ${code}`, 'Name a folder with boot programs.');
  }
  return [program.name, ...packagedNames(program)].find((name) => files.includes(name));
}

async function readProgram(program: BootProgram, path: string): Promise<Buffer> {
  const { size } = await stat(path);
  if (size === 0 || size > MAX_PROGRAM_BYTES) throw noProgram(path, `it has ${size} bytes`);
  const bytes = await readFile(path);
  const wanted = FIRMWARE_ARCHITECTURES[program.firmware];
  const architecture = peArchitecture(bytes);
  if (wanted !== undefined && architecture !== wanted) {
    throw noProgram(
      path,
      `it is ${architecture === undefined ? 'no EFI program' : `for ${architecture}`}, and ${program.name} is for ${wanted}`,
    );
  }
  return bytes;
}

function noProgram(path: string, why: string): UnreadableMedium {
  return new UnreadableMedium(
    `${path} is no boot program that can be used: ${why}`,
    'Take it from its package or its project.',
  );
}

async function place(assetsDir: string, program: BootProgram, path: string, bytes: Buffer): Promise<ImportedProgram> {
  const mtimeSeconds = await writeWhole(assetsDir, program.name, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const importedAt = new Date().toISOString();
  return { name: program.name, sizeBytes: bytes.length, sha256, mtimeSeconds, source: path, importedAt };
}

/** Through the folder's descriptor, as its owner may be another than who writes. */
async function writeWhole(assetsDir: string, name: string, bytes: Uint8Array): Promise<number> {
  const parent = await open(assetsDir, constants.O_RDONLY | constants.O_DIRECTORY);
  const folder = `/proc/self/fd/${parent.fd}`;
  const temporary = join(folder, workFolderName('import'));
  try {
    const handle = await open(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o644,
    );
    const mtimeMs = await written(handle, bytes, parent);
    await rename(temporary, join(folder, name));
    await parent.sync();
    return Math.floor(mtimeMs / 1_000);
  } finally {
    await rm(temporary, { force: true });
    await parent.close();
  }
}

async function written(handle: FileHandle, bytes: Uint8Array, parent: FileHandle): Promise<number> {
  try {
    await handle.writeFile(bytes);
    await handle.chmod(0o644);
    const { uid, gid } = await parent.stat();
    if (process.getuid?.() === 0) await handle.chown(uid, gid);
    await handle.sync();
    return (await handle.stat()).mtimeMs;
  } finally {
    await handle.close();
  }
}

async function record(assetsDir: string, imported: readonly ImportedProgram[]): Promise<void> {
  const names = new Set(imported.map(({ name }) => name));
  const before = (await readPrograms(assetsDir)).filter(({ name }) => !names.has(name));
  const programs = [...before, ...imported].sort((a, b) => (a.name < b.name ? -1 : 1));
  await writeWhole(assetsDir, PROGRAMS_NAME, Buffer.from(`${JSON.stringify({ format: 1, programs }, null, 2)}\n`));
}

/** Those that were imported; what is damaged in the list is left out of it. */
export async function readPrograms(assetsDir: string): Promise<ImportedProgram[]> {
  try {
    const value: unknown = JSON.parse(await readFile(join(assetsDir, PROGRAMS_NAME), 'utf8'));
    const list = typeof value === 'object' && value !== null && 'programs' in value ? value.programs : undefined;
    return Array.isArray(list) ? list.filter(isProgram) : [];
  } catch {
    return [];
  }
}

function isProgram(value: unknown): value is ImportedProgram {
  if (typeof value !== 'object' || value === null) return false;
  const { name, sizeBytes, sha256 } = value as Partial<Record<string, unknown>>;
  return isPlainPath(name) && Number.isSafeInteger(sizeBytes) && typeof sha256 === 'string';
}

/** Compares the programs that were imported with their checksums of then. */
export async function verifyPrograms(assetsDir: string): Promise<{ count: number; troubles: AssetTrouble[] }> {
  const programs = await readPrograms(assetsDir);
  const troubles: AssetTrouble[] = [];
  for (const { name, sha256 } of programs) {
    const path = join(assetsDir, name);
    const found = await checksumOf(path).catch(() => undefined);
    if (found?.sha256 === sha256) continue;
    const message = found === undefined ? `${path} is missing or can't be read` : `${path} is not what was imported`;
    troubles.push({
      message,
      mend: `Import it again (podboot assets import-programs FOLDER), or remove it: then the package’s is served.`,
    });
  }
  return { count: programs.length, troubles };
}
