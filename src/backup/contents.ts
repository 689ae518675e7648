import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { readSource } from '../config/source.ts';
import type { Settings } from '../domain/settings.ts';
import { CONFIG_NAME } from './manifest.ts';
import type { SourceFile } from './write-archive.ts';

export interface Wishes {
  /** Keys and secrets that podboot.yaml names. */
  readonly secrets: boolean;
  /** Recorded consoles, and what runs have left. */
  readonly recordings: boolean;
}

export interface Contents {
  readonly files: readonly SourceFile[];
  /** Named in podboot.yaml, and left out. */
  readonly missing: readonly string[];
}

/** A secret is a line or two; what is larger is something else. */
const MOST_SECRET_BYTES = 1024 * 1024;
const MOST_FILES = 90_000;

/** What belongs to a management node beside its store: all that another one needs to take over, but for the assets. */
export function contentsOf(configPath: string, configText: string, settings: Settings, wishes: Wishes): Contents {
  const { dataDir, boot } = settings;
  const files: SourceFile[] = [{ name: CONFIG_NAME, path: configPath, home: configPath }];
  files.push(...below(join(dataDir, 'known_hosts'), 'known_hosts', false));
  const templates = boot.install?.templatesDir;
  if (templates !== undefined) files.push(...below(templates, 'templates', true));
  if (wishes.recordings)
    for (const name of ['consoles', 'runs']) files.push(...below(join(dataDir, name), name, false));
  const named = namedFiles(readSource(configText).value).sort();
  if (!wishes.secrets) return { files, missing: named };
  const kept = named.filter(isSecretFile);
  for (const [index, path] of kept.entries()) files.push({ name: `secrets/${index + 1}`, path, home: path });
  return { files, missing: named.filter((path) => !kept.includes(path)) };
}

/** Absolute paths of files that a configuration names as such: `keyFile: …`, `{ file: … }`. */
function namedFiles(value: unknown, found = new Set<string>()): string[] {
  if (typeof value === 'object' && value !== null) {
    for (const [key, child] of Object.entries(value)) {
      if (typeof child === 'string' && /(^|[a-z])file$/i.test(key) && isAbsolute(child)) found.add(child);
      else namedFiles(child, found);
    }
  }
  return [...found];
}

function isSecretFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.size <= MOST_SECRET_BYTES;
}

/** Regular files of a folder; links are not followed: they would bring in what nobody asked for. */
function below(folder: string, name: string, hasHome: boolean): SourceFile[] {
  const files: SourceFile[] = [];
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined && files.length < MOST_FILES; at = waiting.pop()) {
    for (const entry of existsSync(join(folder, at)) ? readdirSync(join(folder, at)).sort() : []) {
      const relative = at === '' ? entry : `${at}/${entry}`;
      const path = join(folder, relative);
      const stat = lstatSync(path);
      if (stat.isDirectory()) waiting.push(relative);
      else if (stat.isFile()) files.push({ name: `${name}/${relative}`, path, ...(hasHome ? { home: path } : {}) });
    }
  }
  return files;
}
