import { basename } from 'node:path';
import type { Layout } from './layout.ts';
import { isPlainPath, MANIFEST_NAME } from './manifest.ts';
import { fileAt, type Medium, type MediumEntry, printablePath, staysInside, UnreadableMedium } from './medium.ts';

/** A file of the medium and its name in the asset. */
export interface TakenFile {
  readonly entry: MediumEntry;
  readonly name: string;
}

/** What an import writes. Names are relative to the asset's folder. */
export interface TakenFiles {
  readonly kernel: string;
  readonly initrds: readonly string[];
  readonly iso?: string;
  readonly tree?: string;
  readonly taken: readonly TakenFile[];
  /** Further names of files that are taken. */
  readonly links: readonly { readonly first: string; readonly second: string }[];
  readonly totalBytes: number;
  /** Files with the ISO and the manifest. */
  readonly count: number;
  readonly notes: readonly string[];
}

const TREE = 'tree';
/** NAME_MAX of every file system in use, in bytes. */
const MOST_NAME_BYTES = 255;
const MOST_NAMED_LINKS = 5;

/** @throws UnreadableMedium */
export function planFiles(medium: Medium, layout: Layout): TakenFiles {
  const plan = layout.keepsTree ? wholeTree(medium, layout) : bootFilesAlone(medium, layout);
  const iso = layout.keepsIso ? isoName(medium, plan.taken) : undefined;
  const bytes = plan.taken.reduce((sum, { entry }) => sum + entry.sizeBytes, 0);
  const isoBytes = iso === undefined ? 0 : medium.sizeBytes;
  return {
    ...plan,
    ...(iso === undefined ? {} : { iso }),
    totalBytes: bytes + isoBytes,
    count: plan.taken.length + 2,
  };
}

type Plan = Omit<TakenFiles, 'iso' | 'totalBytes' | 'count'>;

function bootFilesAlone(medium: Medium, { kernel, initrds }: Layout): Plan {
  const names = new Map<string, string>();
  for (const path of [kernel, ...initrds]) names.set(path, freeName(plainName(basename(path)), [...names.values()]));
  const taken = [...names].flatMap(([path, name]) => {
    const entry = fileAt(medium, path);
    return entry === undefined ? [] : [{ entry, name }];
  });
  const nameOf = (path: string) => names.get(path) ?? '';
  return { kernel: nameOf(kernel), initrds: initrds.map(nameOf), taken, links: [], notes: [] };
}

function wholeTree(medium: Medium, { kernel, initrds }: Layout): Plan {
  const inTree = (path: string) => `${TREE}/${path}`;
  const taken: TakenFile[] = [];
  const links: { first: string; second: string }[] = [];
  const skipped: string[] = [];
  for (const entry of medium.entries.values()) {
    if (entry.type === 'folder') continue;
    if (entry.type === 'link') {
      if (!staysInside(entry.path, entry.target ?? '')) throw leadsOut(medium, entry);
      skipped.push(entry.path);
      continue;
    }
    checkWritable(medium, entry.path);
    const first = fileAt(medium, entry.path);
    if (first === undefined) throw broken(medium, `${printablePath(entry.path)} is a second name of nothing`);
    if (first === entry) taken.push({ entry, name: inTree(entry.path) });
    else links.push({ first: inTree(first.path), second: inTree(entry.path) });
  }
  const notes = skipped.length === 0 ? [] : [`links of the medium are not kept: ${shortList(skipped.sort())}`];
  return { kernel: inTree(kernel), initrds: initrds.map(inTree), tree: TREE, taken, links, notes };
}

function checkWritable(medium: Medium, path: string): void {
  const fits = path.split('/').every((part) => Buffer.byteLength(part) <= MOST_NAME_BYTES);
  if (!fits || !isPlainPath(path)) throw broken(medium, `no machine can ask for a file named ${printablePath(path)}`);
}

function leadsOut(medium: Medium, entry: MediumEntry): UnreadableMedium {
  const what = `its link ${printablePath(entry.path)} leads out of it, to ${printablePath(entry.target ?? '')}`;
  return broken(medium, what);
}

function broken(medium: Medium, why: string): UnreadableMedium {
  return new UnreadableMedium(`${medium.path}: ${why}`, 'Take the medium as its vendor publishes it.');
}

function shortList(paths: readonly string[]): string {
  const more = paths.length - MOST_NAMED_LINKS;
  const named = paths.slice(0, MOST_NAMED_LINKS).map((path) => path.replace(/[^\x20-\x7e]/g, '?'));
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function isoName(medium: Medium, taken: readonly TakenFile[]): string {
  return freeName(
    plainName(basename(medium.path)),
    taken.map(({ name }) => name),
  );
}

/** With the characters that paths, URLs and both boot languages leave alone. */
function plainName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._+@~-]/g, '_').slice(-200);
  return /^[A-Za-z0-9_]/.test(plain) ? plain : `_${plain}`;
}

function freeName(name: string, taken: readonly string[]): string {
  let free = name;
  for (let number = 2; free === MANIFEST_NAME || taken.includes(free); number += 1) free = `${number}-${name}`;
  return free;
}
