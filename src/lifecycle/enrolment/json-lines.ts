/** Where the items of a list lie in the text of a JSON document. */
export interface ItemPlaces {
  /** 1-based line of an item of the list, or of what is at `path` in it (`interfaces[0].mac`). */
  lineOf(index: number, path?: string): number;
}

/**
 * Finds the places of a list's items, or of an object's members, in a document that is known to be sound JSON. Only what is
 * asked for is looked at more closely.
 *
 * @param list path of the list or object in the document: `nodes`; empty for the document itself
 */
export function itemPlaces(text: string, list: string): ItemPlaces {
  const start = list === '' ? skipSpace(text, 0) : memberAt(text, skipSpace(text, 0), list);
  const offsets = start === undefined ? [] : itemOffsets(text, start);
  const lineAt = lineCounter(text);
  return {
    lineOf(index, path = '') {
      const item = offsets[index] ?? 0;
      let at: number | undefined = item;
      let known = item;
      for (const part of path.match(/[^.[\]]+/g) ?? []) {
        at =
          at === undefined
            ? undefined
            : /^[0-9]+$/.test(part)
              ? itemOffsets(text, at)[Number(part)]
              : memberAt(text, at, part);
        known = at ?? known;
      }
      return lineAt(known);
    },
  };
}

/** Lines are asked for in any order: positions of line ends, found once. */
function lineCounter(text: string): (offset: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) ends.push(at);
  return (offset) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}

/** Of each item of the list, or of each member's name of the object, at `start`. */
function itemOffsets(text: string, start: number): number[] {
  const isObject = text[start] === '{';
  if (!isObject && text[start] !== '[') return [];
  const offsets: number[] = [];
  let at = skipSpace(text, start + 1);
  while (at < text.length && text[at] !== ']' && text[at] !== '}') {
    offsets.push(at);
    if (isObject) at = skipSpace(text, skipSpace(text, skipValue(text, at)) + 1);
    at = skipSpace(text, skipValue(text, at));
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return offsets;
}

/** Offset of the value of a member; of an item that is a member, its name is skipped first. */
function memberAt(text: string, start: number, name: string): number | undefined {
  let object = start;
  if (text[object] === '"') object = skipSpace(text, skipSpace(text, skipValue(text, object)) + 1);
  for (const offset of itemOffsets(text, object)) {
    const end = skipValue(text, offset);
    if (text[object] === '{' && JSON.parse(text.slice(offset, end)) === name) {
      return skipSpace(text, skipSpace(text, end) + 1);
    }
  }
  return undefined;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text[at] as string)) at += 1;
  return at;
}

function skipValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  do {
    const character = text[at];
    if (character === '"') at = skipString(text, at);
    else if (character === '{' || character === '[') {
      depth += 1;
      at += 1;
    } else if (character === '}' || character === ']') {
      depth -= 1;
      at += 1;
    } else if (depth === 0) return skipWord(text, at);
    else at += 1;
  } while (depth > 0 && at < text.length);
  return at;
}

function skipString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function skipWord(text: string, from: number): number {
  let at = from;
  while (at < text.length && !',]} \t\n\r'.includes(text[at] as string)) at += 1;
  return Math.max(at, from + 1);
}
