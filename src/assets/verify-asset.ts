import { chown, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AssetFile } from '../domain/asset.ts';
import { NotFound } from '../domain/errors.ts';
import { type AssetTrouble, readManifest } from './asset-store.ts';
import { type Checksum, checksumOf } from './checksum.ts';
import { type AssetManifest, MANIFEST_NAME, renderManifest } from './manifest.ts';

export interface VerifyOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly doneBytes: number; readonly totalBytes: number }) => void;
}

export interface VerifyResult {
  readonly manifest: AssetManifest;
  readonly troubles: readonly AssetTrouble[];
  /** Files that are as they were and had another time of change: the manifest has their time now. */
  readonly timesRenewed: boolean;
}

/**
 * Reads every file of an asset and compares its checksum.
 * @throws NotFound, PodbootError `asset-manifest`
 */
export async function verifyAsset(assetsDir: string, name: string, options: VerifyOptions = {}): Promise<VerifyResult> {
  const manifest = readManifest(assetsDir, name);
  if (manifest === undefined)
    throw new NotFound(`there is no asset ${name} in ${assetsDir}`, 'podboot assets list shows them.');
  const totalBytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  let doneBytes = 0;
  const onBytes = (bytes: number) => {
    doneBytes += bytes;
    options.onProgress?.({ doneBytes, totalBytes });
  };
  const troubles: AssetTrouble[] = [];
  const files: AssetFile[] = [];
  for (const file of manifest.files) {
    const path = join(assetsDir, name, file.name);
    const found = await measured(path, {
      onBytes,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const why = typeof found === 'string' ? found : difference(file, found);
    if (why !== undefined) troubles.push({ message: `${path} ${why}`, mend: mendOf(name) });
    files.push(typeof found === 'string' ? file : { ...file, mtimeSeconds: found.mtimeSeconds });
  }
  const isRetimed = files.some((file, index) => file.mtimeSeconds !== manifest.files[index]?.mtimeSeconds);
  const timesRenewed = troubles.length === 0 && isRetimed && (await renewTimes(assetsDir, { ...manifest, files }));
  return { manifest, troubles, timesRenewed };
}

function mendOf(name: string): string {
  return `Import it again: podboot assets import PATH --name ${name} --replace`;
}

async function measured(path: string, options: Parameters<typeof checksumOf>[1]): Promise<Checksum | string> {
  try {
    return (await checksumOf(path, options)) ?? 'is no file';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === undefined || options?.signal?.aborted === true) throw error;
    return code === 'ENOENT' ? 'is missing' : `can't be read: ${code}`;
  }
}

function difference(file: AssetFile, found: Checksum): string | undefined {
  if (found.sizeBytes !== file.sizeBytes) {
    return `is damaged: it has ${found.sizeBytes} bytes, and had ${file.sizeBytes} when imported`;
  }
  return found.sha256 === file.sha256 ? undefined : 'is damaged: its checksum is not the one it had when imported';
}

/** A backup that was put back has other times: once its bytes are known to be right, nobody needs to hear of it again. */
async function renewTimes(assetsDir: string, manifest: AssetManifest): Promise<boolean> {
  const path = join(assetsDir, manifest.name, MANIFEST_NAME);
  const temporary = `${path}.${process.pid}`;
  try {
    const { uid, gid } = await stat(path);
    await writeFile(temporary, renderManifest(manifest), { flag: 'wx', mode: 0o644, flush: true });
    if (process.getuid?.() === 0) await chown(temporary, uid, gid);
    await rename(temporary, path);
    return true;
  } catch {
    // Whoever verifies may not be allowed to write; what he wanted to know he knows.
    await rm(temporary, { force: true }).catch(() => undefined);
    return false;
  }
}
