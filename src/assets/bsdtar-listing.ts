import type { EntryType, MediumEntry } from './medium.ts';

/** `-rw-r--r--  1 0      0     5000000 Nov 24 11:48 pool/x`, as `bsdtar -tv` prints it with LC_ALL=C. */
const LINE = /^([-a-z])\S{9}[+@ ]?\s*\d+ +\S+ +\S+ +(\d+(?:,\s*\d+)?) +[A-Z][a-z]{2} +\d+ +[\d:]+ (.*)$/;

const TYPES: ReadonlyMap<string, EntryType> = new Map([
  ['-', 'file'],
  ['d', 'folder'],
  ['l', 'link'],
]);

/** @throws SyntaxError for a line that is none: another program's output */
export function parseBsdtarListing(listing: string): MediumEntry[] {
  const entries: MediumEntry[] = [];
  for (const line of listing.split('\n')) {
    if (line === '') continue;
    const entry = parseLine(line);
    if (entry.path !== '.') entries.push(entry);
  }
  return entries;
}

function parseLine(line: string): MediumEntry {
  const [, letter = '', size = '', rest = ''] = LINE.exec(line) ?? [];
  if (letter === '') throw new SyntaxError(line.slice(0, 120));
  const type = TYPES.get(letter) ?? 'device';
  const sizeBytes = type === 'file' ? Number(size) : 0;
  if (type === 'link') {
    const [name = '', ...target] = rest.split(' -> ');
    return { path: pathOf(name), type, sizeBytes, target: unescaped(target.join(' -> ')) };
  }
  // A second name has no bytes; a file whose own name reads like one and that has none loses nothing by it.
  const second = type === 'file' && sizeBytes === 0 ? /^(.*) link to (.*)$/.exec(rest) : null;
  if (second !== null) return { path: pathOf(second[1] ?? ''), type, sizeBytes, sameAs: pathOf(second[2] ?? '') };
  return { path: pathOf(rest), type, sizeBytes };
}

function pathOf(text: string): string {
  const path = unescaped(text);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };

/** bsdtar writes `\n`, `\\` and `\303` for what is no printable ASCII. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes: number[] = [];
  for (const [part, octal, letter] of text.matchAll(/\\([0-7]{3})|\\([abfnrtv\\])|[\s\S]/gu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (letter !== undefined) bytes.push(ESCAPES[letter] ?? 0);
    else bytes.push(...Buffer.from(part, 'utf8'));
  }
  return Buffer.from(bytes).toString('utf8');
}
