import { createHash } from 'node:crypto';
import { InvalidInput } from '../domain/errors.ts';

/** Grows when an older podboot could not read what a newer one has written. */
export const FORMAT = 1;
export const MANIFEST_NAME = 'manifest.json';
/** Last in the archive, as sha256sum(1) writes it: a list that is damaged must not send a file to another place. */
export const SUM_NAME = 'manifest.sha256';
export const STORE_NAME = 'podboot.sqlite3';
export const CONFIG_NAME = 'podboot.yaml';

/** Folders of an archive, and files beside them. */
const TOP_NAMES = [STORE_NAME, CONFIG_NAME, 'known_hosts', 'templates', 'secrets', 'consoles', 'runs'];
const MOST_FILES = 100_000;
export const MOST_MANIFEST_BYTES = 32 * 1024 * 1024;

export interface BackupFile {
  /** Within the archive: `podboot.sqlite3`, `templates/own.liquid`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
  /** Absolute path that it comes back to, where that is not in the data folder. */
  readonly home?: string;
}

/** First in the archive: what is in it, whence, and what is not. */
export interface Manifest {
  readonly format: number;
  /** Of podboot. */
  readonly version: string;
  /** Of the store's shape. */
  readonly storeVersion: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly host: string;
  readonly dataDir: string;
  readonly configPath: string;
  readonly files: readonly BackupFile[];
  /** Files that podboot.yaml names and that are not in it: keys and other secrets. */
  readonly missing: readonly string[];
  /** Names of assets: they are not in it. */
  readonly assets: readonly string[];
}

export function sumLine(text: Uint8Array): string {
  return `${createHash('sha256').update(text).digest('hex')}  ${MANIFEST_NAME}\n`;
}

/** @throws InvalidInput for what no podboot has written, or a newer one */
export function readManifest(text: string): Manifest {
  const manifest = parse(text);
  if (manifest.format > FORMAT) {
    throw new InvalidInput(
      `the backup was made by a newer podboot (${manifest.version}, format ${manifest.format}; this one reads ${FORMAT})`,
      [],
      'Restore it with that version or a later one.',
    );
  }
  if (!isComplete(manifest)) throw damagedManifest();
  return manifest;
}

function parse(text: string): Manifest {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'format' in value && Number.isInteger(value.format)) {
      return value as Manifest;
    }
  } catch {
    // What is no JSON is no manifest.
  }
  throw damagedManifest();
}

function isComplete(manifest: Manifest): boolean {
  const { version, storeVersion, createdAt, host, dataDir, configPath, files, missing, assets } = manifest;
  const texts: unknown[] = [version, createdAt, host, dataDir, configPath];
  const lists: unknown[] = [files, missing, assets];
  if (!texts.every((each) => typeof each === 'string') || !lists.every(Array.isArray)) return false;
  if (!Number.isInteger(storeVersion) || files.length > MOST_FILES) return false;
  const names = new Set(files.map(({ name }) => name));
  return names.size === files.length && names.has(STORE_NAME) && names.has(CONFIG_NAME) && files.every(isSound);
}

/** No name leads out of the folder that it is unpacked in, whoever wrote the archive. */
function isSound(file: BackupFile): boolean {
  const { name, sizeBytes, sha256, home } = file;
  if (typeof name !== 'string' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return false;
  const parts = name.split('/');
  const isWithin = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  const isHome = home === undefined || (typeof home === 'string' && home.startsWith('/') && !home.includes('\0'));
  return isWithin && isHome && TOP_NAMES.includes(parts[0] ?? '') && /^[0-9a-f]{64}$/.test(sha256);
}

function damagedManifest(): InvalidInput {
  return new InvalidInput('the backup is damaged: its list of files is none', [], 'Take another backup.');
}
