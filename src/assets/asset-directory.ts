import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { AssetDirectory, AssetFile, AssetSummary } from '../domain/asset.ts';
import type { BootSettings } from '../domain/settings.ts';
import { assetNames, lookAt, troublesOf } from './asset-store.ts';
import { type AssetManifest, bootFiles, MANIFEST_NAME } from './manifest.ts';
import { profilesUsing, programsUsing } from './usage.ts';

/** A node and the profiles that it boots, now or by a grant. */
export interface ProfileUser {
  readonly name: string;
  readonly profiles: readonly string[];
}

/** What of the configuration names assets. */
export type BootUses = Pick<BootSettings, 'profiles' | 'programs'>;

export interface AssetDirectoryOptions {
  readonly folder: () => string;
  readonly boot: () => BootUses;
  /** Absent: nobody knows of nodes. */
  readonly nodes?: () => Iterable<ProfileUser>;
}

/** What is kept of a manifest: a tree has tens of thousands of files. */
interface Known {
  readonly identity: string;
  readonly summary: Omit<AssetSummary, 'troubles' | 'usedBy'>;
  readonly bootFiles: readonly AssetFile[];
}

/** The assets of a folder and who needs them. A manifest is read again when it has changed. */
export function createAssetDirectory({ folder, boot, nodes }: AssetDirectoryOptions): AssetDirectory {
  let known = new Map<string, Known>();
  const look = (assetsDir: string, name: string, next: Map<string, Known>) => {
    const identity = identityOf(join(assetsDir, name, MANIFEST_NAME));
    const before = known.get(name);
    if (before?.identity === identity && identity !== '') {
      next.set(name, before);
      return { summary: before.summary, troubles: troublesOf(assetsDir, name, before.bootFiles) };
    }
    const { manifest, troubles } = lookAt(assetsDir, name);
    const summary = summaryOf(name, manifest);
    if (manifest !== undefined) next.set(name, { identity, summary, bootFiles: bootFiles(manifest) });
    return { summary, troubles };
  };
  return {
    get folder() {
      return folder();
    },
    list() {
      const assetsDir = folder();
      const uses = boot();
      const users = [...(nodes?.() ?? [])];
      const next = new Map<string, Known>();
      const summaries = assetNames(assetsDir).map((name) => {
        const { summary, troubles } = look(assetsDir, name, next);
        return { ...summary, troubles, usedBy: usedBy(name, uses, users) };
      });
      known = next;
      return summaries;
    },
  };
}

function identityOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${path} ${ino} ${size} ${mtimeMs}`;
  } catch {
    return '';
  }
}

function summaryOf(name: string, manifest: AssetManifest | undefined): Known['summary'] {
  if (manifest === undefined) return { name, notes: [] };
  const { kind, release, architecture, title, files, source, importedAt, notes } = manifest;
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    ...{ name, kind, release, architecture, title, files: files.length, sizeBytes },
    ...{ source: source.path, importedAt, notes },
  };
}

function usedBy(asset: string, uses: BootUses, users: readonly ProfileUser[]): AssetSummary['usedBy'] {
  const profiles = profilesUsing(uses.profiles.values(), asset);
  const nodes = users.filter((user) => user.profiles.some((profile) => profiles.includes(profile)));
  return { profiles, settings: programsUsing(uses.programs, asset), nodes: nodes.map(({ name }) => name).sort() };
}
