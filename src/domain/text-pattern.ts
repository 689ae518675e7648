type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'run' }
  | { readonly kind: 'word'; readonly name: string };

/** A pattern that can be matched. */
export interface TextPattern {
  readonly tokens: readonly Token[];
}

/** Why a text is no pattern. */
export interface PatternFault {
  readonly reason: string;
}

const MAX_TOKENS = 64;
const WORD = /^[a-z][A-Za-z0-9]*$/;

/**
 * Reads a pattern: `*` is anything, `?` one character, `{word}` one or more letters and digits that texts can name later;
 * everything else is itself, whatever its case. It has to fit the whole text.
 */
export function readPattern(pattern: string): TextPattern | PatternFault {
  const tokens: Token[] = [];
  const names = new Set<string>();
  for (const part of pattern.split(/(\{[^{}]*\}|[*?])/).filter((each) => each !== '')) {
    const name = /^\{(.*)\}$/.exec(part)?.[1];
    if (name !== undefined) {
      if (!WORD.test(name)) return { reason: `{${name}} is no word: a small letter, then letters and digits` };
      if (names.has(name)) return { reason: `{${name}} stands there twice` };
      names.add(name);
      tokens.push({ kind: 'word', name });
    } else if (part === '*') {
      if (tokens.at(-1)?.kind !== 'run') tokens.push({ kind: 'run' });
    } else if (part === '?') {
      tokens.push({ kind: 'one' });
    } else {
      if (/[{}]/.test(part)) return { reason: 'a brace has no partner' };
      tokens.push({ kind: 'text', text: part.toLowerCase() });
    }
  }
  return tokens.length <= MAX_TOKENS ? { tokens } : { reason: `it has more than ${MAX_TOKENS} parts` };
}

/**
 * The words of the pattern as the text has them; undefined where it does not fit. Strangers write the texts: no place is
 * tried twice, where a regular expression would try for minutes.
 */
export function matchPattern({ tokens }: TextPattern, text: string): ReadonlyMap<string, string> | undefined {
  const lower = text.toLowerCase();
  const failed = new Uint8Array((tokens.length + 1) * (text.length + 1));
  const found = new Map<string, string>();

  function fits(index: number, at: number): boolean {
    const token = tokens[index];
    if (token === undefined) return at === text.length;
    const place = index * (text.length + 1) + at;
    if (failed[place] === 1) return false;
    if (fitsToken(token, index, at)) return true;
    failed[place] = 1;
    return false;
  }

  function fitsToken(token: Token, index: number, at: number): boolean {
    switch (token.kind) {
      case 'text':
        return lower.startsWith(token.text, at) && fits(index + 1, at + token.text.length);
      case 'one':
        return at < text.length && fits(index + 1, at + 1);
      case 'run':
        return fitsSpan(index, at, text.length, 0);
      case 'word': {
        let end = at;
        while (end < text.length && /[a-z0-9]/.test(lower.charAt(end))) end += 1;
        return fitsSpan(index, at, end, 1, token.name);
      }
    }
  }

  /** The longest first. */
  function fitsSpan(index: number, from: number, to: number, least: number, name?: string): boolean {
    for (let end = to; end >= from + least; end -= 1) {
      if (!fits(index + 1, end)) continue;
      if (name !== undefined) found.set(name, text.slice(from, end));
      return true;
    }
    return false;
  }

  return fits(0, 0) ? found : undefined;
}

/** The words that `{word}` of a pattern or a text names, without the width of `{word:2}`. */
export function wordsIn(text: string): string[] {
  return [...text.matchAll(/\{([^{}:]*)(?::[^{}]*)?\}/g)].map((match) => match[1] ?? '');
}

/** A `{word}` of a text that has no value. */
export interface MissingWord {
  readonly missing: string;
}

/** `dgx{port:2}` with port 7 is dgx07. A width pads numbers alone. */
export function fillIn(text: string, look: (word: string) => string | undefined): string | MissingWord {
  let missing: string | undefined;
  const filled = text.replaceAll(/\{([^{}:]*)(?::([0-9]{1,2}))?\}/g, (_, word: string, width: string | undefined) => {
    const value = look(word);
    if (value === undefined) {
      missing ??= word;
      return '';
    }
    return /^[0-9]+$/.test(value) ? value.padStart(Number(width ?? 0), '0') : value;
  });
  return missing === undefined ? filled : { missing };
}
