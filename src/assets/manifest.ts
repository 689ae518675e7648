import { type Architecture, ASSET_KINDS, type AssetFile, type AssetKind, type BootMedium } from '../domain/asset.ts';
import { PodbootError } from '../domain/errors.ts';

/** Beside the asset's files. */
export const MANIFEST_NAME = 'asset.json';
/** A tree of 100,000 files has some 20 MB. */
export const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
const FORMAT = 1;

/** As names of profiles: they stand in paths, URLs, boot scripts and commands. */
export const ASSET_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Where an asset came from, to tell whether it is the same again. */
export interface AssetSource {
  /** Absolute, as it was given. */
  readonly path: string;
  /** Of an ISO; a folder has none of its own. */
  readonly sizeBytes?: number;
  /** To the nanosecond, as far as a number goes: an ISO may be written anew within a second. */
  readonly mtimeMs?: number;
}

/** What asset.json holds. Paths are relative to the asset's folder. */
export interface AssetManifest {
  readonly name: string;
  readonly kind: AssetKind;
  /** Empty where the medium doesn't say. */
  readonly release: string;
  readonly architecture: Architecture;
  /** What the medium calls itself. */
  readonly title: string;
  readonly kernel: string;
  readonly initrds: readonly string[];
  readonly iso?: string;
  readonly tree?: string;
  readonly source: AssetSource;
  /** ISO 8601. */
  readonly importedAt: string;
  /** What its operator has to know. */
  readonly notes: readonly string[];
  readonly files: readonly AssetFile[];
}

export function renderManifest(manifest: AssetManifest): string {
  const { files, ...head } = manifest;
  const lines = files.map((file) => `    ${JSON.stringify(file)}`);
  // A line for each file: people read it, and tools compare it.
  return `${JSON.stringify({ format: FORMAT, ...head }, null, 2).slice(0, -2)},\n  "files": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/**
 * @param name the folder's: a manifest that was copied from another asset is refused
 * @throws PodbootError `asset-manifest`
 */
export function parseManifest(text: string, name: string): AssetManifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw damaged(name, 'it is no JSON', cause);
  }
  const fault = faultOf(value, name);
  if (fault !== undefined) throw damaged(name, fault);
  return value as AssetManifest;
}

function damaged(name: string, why: string, cause?: unknown): PodbootError {
  return new PodbootError('asset-manifest', `${name}/${MANIFEST_NAME} can't be used: ${why}`, {
    mend: `Import the asset again: podboot assets import PATH --name ${name} --replace`,
    cause,
  });
}

type Fields = Readonly<Record<string, unknown>>;

function faultOf(value: unknown, name: string): string | undefined {
  if (!isObject(value)) return 'it is no object';
  if (value.format !== FORMAT) return `its format is ${JSON.stringify(value.format)}, not ${FORMAT}`;
  if (value.name !== name) return `it is that of ${JSON.stringify(value.name)}`;
  if (!ASSET_KINDS.some((kind) => kind === value.kind)) return `its kind is ${JSON.stringify(value.kind)}`;
  if (value.architecture !== 'amd64' && value.architecture !== 'arm64') return 'it has no architecture';
  for (const key of ['release', 'title', 'importedAt']) {
    if (typeof value[key] !== 'string') return `${key} is no text`;
  }
  if (!isObject(value.source) || typeof value.source.path !== 'string') return 'it has no source';
  if (!isTexts(value.notes)) return 'notes is no list of texts';
  const files = value.files;
  if (!Array.isArray(files) || !files.every(isFile)) return 'its list of files is damaged';
  return roleFault(value, new Set(files.map((file: AssetFile) => file.name)));
}

function roleFault(value: Fields, files: ReadonlySet<unknown>): string | undefined {
  if (!isTexts(value.initrds)) return 'initrds is no list of files';
  for (const path of [value.kernel, ...value.initrds, ...(value.iso === undefined ? [] : [value.iso])]) {
    if (!files.has(path)) return `${JSON.stringify(path)} is none of its files`;
  }
  if (value.tree !== undefined && !isPlainPath(value.tree)) return 'tree is no folder of it';
  return undefined;
}

function isFile(value: unknown): value is AssetFile {
  return (
    isObject(value) &&
    isPlainPath(value.name) &&
    Number.isSafeInteger(value.sizeBytes) &&
    (value.sizeBytes as number) >= 0 &&
    Number.isSafeInteger(value.mtimeSeconds) &&
    typeof value.sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(value.sha256)
  );
}

/** Relative, and nothing that leaves the folder. */
export function isPlainPath(value: unknown): value is string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (typeof value !== 'string' || value.length > 1_024 || /[\u0000-\u001f\u007f\\]/.test(value)) return false;
  return value.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** As profiles see it: names relative to assetsDir, and of the files only those that machines are told to load. */
export function mediumOf(manifest: AssetManifest): BootMedium {
  const { name, kind, release, architecture, kernel, initrds, iso, tree } = manifest;
  const inAssets = (path: string) => `${name}/${path}`;
  return {
    name,
    kind,
    release,
    architecture,
    kernel: inAssets(kernel),
    initrds: initrds.map(inAssets),
    ...(iso === undefined ? {} : { iso: inAssets(iso) }),
    ...(tree === undefined ? {} : { tree: inAssets(tree) }),
    files: bootFiles(manifest).map((file) => ({ ...file, name: inAssets(file.name) })),
  };
}

/** The files without which nothing boots. */
export function bootFiles({ kernel, initrds, iso, files }: AssetManifest): AssetFile[] {
  const wanted = new Set([kernel, ...initrds, ...(iso === undefined ? [] : [iso])]);
  return files.filter((file) => wanted.has(file.name));
}
