import type { EntryType, MediumEntry } from './medium.ts';

/** Up to the quoted name: `-rw-r--r--    1 0        0          5000000 Nov 24 11:48 '/blob'`. */
const HEAD = /([-a-z])\S{9}[+@ ]?\s*\d+ +\S+ +\S+ +(\d+(?:,\s*\d+)?) +[A-Z][a-z]{2} +\d+ +[\d:]+ /y;
/** Quoted as a shell would read it: '/we ird'"'"'s'. It may hold line ends. */
const NAME = /'[^']*'(?:"'"'[^']*')*/y;

const TYPES: ReadonlyMap<string, EntryType> = new Map([
  ['-', 'file'],
  ['d', 'folder'],
  ['l', 'link'],
]);

/** @throws SyntaxError for text that is none: another program's output */
export function parseXorrisoListing(listing: string): MediumEntry[] {
  const entries: MediumEntry[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray => {
    pattern.lastIndex = position;
    const match = pattern.exec(listing);
    if (match === null) throw new SyntaxError(listing.slice(position, position + 120));
    position = pattern.lastIndex;
    return match;
  };
  while (position < listing.length) {
    const [, letter = '', size = ''] = take(HEAD);
    const path = unquoted(take(NAME)[0]).slice(1);
    const type = TYPES.get(letter) ?? 'device';
    const sizeBytes = type === 'file' ? Number(size) : 0;
    if (type === 'link') {
      take(/ -> /y);
      entries.push({ path, type, sizeBytes, target: unquoted(take(NAME)[0]) });
    } else if (path !== '') entries.push({ path, type, sizeBytes });
    take(/\n/y);
  }
  return entries;
}

function unquoted(text: string): string {
  return text.slice(1, -1).replaceAll(`'"'"'`, "'");
}
