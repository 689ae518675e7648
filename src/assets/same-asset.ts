import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { AssetManifest, AssetSource } from './manifest.ts';
import { MANIFEST_NAME } from './manifest.ts';
import type { Medium } from './medium.ts';
import type { TakenFiles } from './taken-files.ts';

/**
 * Whether an import would make what is there already. An ISO that is the same file as then is not read again; otherwise
 * the names and sizes of all files are compared, and the checksums of those that machines are told to load.
 */
export async function sameAsBefore(
  before: AssetManifest,
  source: AssetSource,
  medium: Medium,
  files: TakenFiles,
): Promise<boolean> {
  if (!sameFiles(before, medium, files)) return false;
  const isSameIso =
    source.sizeBytes !== undefined &&
    before.source.path === source.path &&
    before.source.sizeBytes === source.sizeBytes &&
    before.source.mtimeMs === source.mtimeMs;
  return isSameIso || (await sameContents(before, medium, files));
}

function sameFiles(before: AssetManifest, medium: Medium, files: TakenFiles): boolean {
  const sizes = new Map(before.files.map((file) => [file.name, file.sizeBytes]));
  const isoSize = files.iso === undefined ? [] : [[files.iso, medium.sizeBytes] as const];
  const now = [...files.taken.map(({ entry, name }) => [name, entry.sizeBytes] as const), ...isoSize];
  const count = now.length + files.links.length;
  return (
    before.kernel === files.kernel &&
    before.iso === files.iso &&
    sizes.size === count &&
    !sizes.has(MANIFEST_NAME) &&
    now.every(([name, sizeBytes]) => sizes.get(name) === sizeBytes)
  );
}

async function sameContents(before: AssetManifest, medium: Medium, files: TakenFiles): Promise<boolean> {
  const known = new Map(before.files.map((file) => [file.name, file.sha256]));
  const wanted = new Set([files.kernel, ...files.initrds]);
  const looked = files.taken.filter(({ name }) => wanted.has(name));
  const names = new Map(looked.map(({ entry, name }) => [entry.path, name]));
  let isSame = true;
  await medium.copy(
    looked.map(({ entry }) => entry),
    async (entry) => {
      const hash = createHash('sha256');
      return {
        write: async (chunk) => void hash.update(chunk),
        end: async () => {
          isSame &&= known.get(names.get(entry.path) ?? '') === hash.digest('hex');
        },
      };
    },
  );
  if (!isSame || files.iso === undefined) return isSame;
  return known.get(files.iso) === (await checksum(medium.path));
}

async function checksum(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
