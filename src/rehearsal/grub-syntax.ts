/** A word of GRUB's language before its variables are filled in: literals and `$name`, quoted or not. */
export interface GrubWordPart {
  readonly kind: 'text' | 'variable';
  readonly text: string;
  /** An unquoted variable is split at white space, as in a shell. */
  readonly quoted: boolean;
}
export type GrubWord = readonly GrubWordPart[];

export type GrubStatement =
  | { readonly kind: 'command'; readonly words: readonly GrubWord[]; readonly line: number }
  | {
      readonly kind: 'if';
      readonly arms: readonly {
        readonly condition: readonly GrubStatement[];
        readonly body: readonly GrubStatement[];
      }[];
      readonly otherwise: readonly GrubStatement[];
    }
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly words: readonly GrubWord[];
      readonly body: readonly GrubStatement[];
    }
  | { readonly kind: 'entry'; readonly title: GrubWord; readonly body: readonly GrubStatement[] };

export class GrubSyntaxError extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

interface Token {
  /** `;` stands for an end of line too. */
  readonly kind: 'word' | ';' | '{' | '}';
  readonly word: GrubWord;
  readonly line: number;
}

const NAME = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9?@*#])/;

/** Reads one word from `text` at `start`. */
function readWord(text: string, start: number, line: number): { word: GrubWord; end: number } {
  const parts: GrubWordPart[] = [];
  let literal = '';
  let literalQuoted = false;
  let quote: '"' | undefined;
  let at = start;
  const flush = (): void => {
    if (literal !== '' || literalQuoted) parts.push({ kind: 'text', text: literal, quoted: literalQuoted });
    literal = '';
    literalQuoted = false;
  };
  while (at < text.length) {
    const c = text[at] as string;
    if (quote === undefined && /[\s;{}]/.test(c)) break;
    if (c === "'" && quote === undefined) {
      const end = text.indexOf("'", at + 1);
      if (end < 0) throw new GrubSyntaxError(line, 'a quote is not closed');
      literal += text.slice(at + 1, end);
      literalQuoted = true;
      at = end + 1;
    } else if (c === '"') {
      quote = quote === undefined ? '"' : undefined;
      literalQuoted = true;
      at += 1;
    } else if (c === '\\' && at + 1 < text.length) {
      const next = text[at + 1] as string;
      // A backslash and an end of line join two lines; in double quotes it escapes `$`, `"` and itself alone.
      if (next !== '\n') literal += quote !== undefined && !/[$"\\]/.test(next) ? c + next : next;
      at += 2;
    } else if (c === '$') {
      const braced = /^\{([A-Za-z_][A-Za-z0-9_]*|[0-9?@*#])\}/.exec(text.slice(at + 1));
      const name = braced?.[1] ?? NAME.exec(text.slice(at + 1))?.[0];
      if (name === undefined) {
        literal += c;
        at += 1;
        continue;
      }
      flush();
      parts.push({ kind: 'variable', text: name, quoted: quote !== undefined });
      at += 1 + (braced?.[0].length ?? name.length);
    } else {
      literal += c;
      at += 1;
    }
  }
  if (quote !== undefined) throw new GrubSyntaxError(line, 'a quote is not closed');
  flush();
  return { word: parts, end: at };
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const c = text[at] as string;
    if (c === '\n' || c === ';') {
      tokens.push({ kind: ';', word: [], line });
      if (c === '\n') line += 1;
      at += 1;
    } else if (c === '\\' && text[at + 1] === '\n') {
      line += 1;
      at += 2;
    } else if (/\s/.test(c)) at += 1;
    else if (c === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (c === '{' || c === '}') {
      tokens.push({ kind: c, word: [], line });
      at += 1;
    } else {
      const { word, end } = readWord(text, at, line);
      tokens.push({ kind: 'word', word, line });
      line += text.slice(at, end).split('\n').length - 1;
      at = end;
    }
  }
  tokens.push({ kind: ';', word: [], line });
  return tokens;
}

/** The word as it stands, where it is a plain unquoted one: only such a word can be a keyword. */
function plain(token: Token | undefined): string | undefined {
  const [part] = token?.word ?? [];
  return token?.word.length === 1 && part?.kind === 'text' && !part.quoted ? part.text : undefined;
}

/** A deeper nesting than any configuration has: the parser recurses. */
const MAX_DEPTH = 50;

class GrubParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Statements up to one of the keywords (not taken), to `}`, or to the end where none is named. */
  statements(until: readonly string[]): readonly GrubStatement[] {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new GrubSyntaxError(this.#line(), `nested more than ${MAX_DEPTH} deep`);
    const statements: GrubStatement[] = [];
    for (;;) {
      while (this.#peek()?.kind === ';') this.#at += 1;
      const token = this.#peek();
      const word = token?.kind === '}' ? '}' : plain(token);
      if (token === undefined) {
        if (until.length > 0) throw new GrubSyntaxError(this.#line(), `${until.join(' or ')} is missing`);
        break;
      }
      if (word !== undefined && until.includes(word)) break;
      if (token.kind !== 'word') throw new GrubSyntaxError(token.line, `unexpected ${token.kind}`);
      statements.push(this.#statement(token, word));
    }
    this.#depth -= 1;
    return statements;
  }

  #statement(first: Token, keyword: string | undefined): GrubStatement {
    switch (keyword) {
      case 'if':
        return this.#if();
      case 'for':
        return this.#for();
      case 'menuentry':
      case 'submenu':
        return this.#entry();
      case 'while':
      case 'until':
      case 'function':
        throw new GrubSyntaxError(first.line, `${keyword}: a rehearsal does not read loops and functions of GRUB`);
      default:
        return { kind: 'command', words: this.#words(), line: first.line };
    }
  }

  #if(): GrubStatement {
    const arms: { condition: readonly GrubStatement[]; body: readonly GrubStatement[] }[] = [];
    let otherwise: readonly GrubStatement[] = [];
    for (let keyword: string | undefined = 'if'; keyword !== 'fi'; ) {
      this.#at += 1;
      if (keyword === 'else') {
        otherwise = this.statements(['fi']);
      } else {
        const condition = this.statements(['then']);
        this.#at += 1;
        arms.push({ condition, body: this.statements(['elif', 'else', 'fi']) });
      }
      keyword = plain(this.#peek());
    }
    this.#at += 1;
    return { kind: 'if', arms, otherwise };
  }

  #for(): GrubStatement {
    const line = this.#line();
    this.#at += 1;
    const variable = plain(this.#peek());
    this.#at += 1;
    if (variable === undefined || plain(this.#peek()) !== 'in') throw new GrubSyntaxError(line, 'for NAME in …');
    this.#at += 1;
    const words = this.#words();
    while (this.#peek()?.kind === ';') this.#at += 1;
    if (plain(this.#peek()) !== 'do') throw new GrubSyntaxError(line, 'do is missing');
    this.#at += 1;
    const body = this.statements(['done']);
    this.#at += 1;
    return { kind: 'for', variable, words, body };
  }

  /** menuentry "title" --class x --id y { … } */
  #entry(): GrubStatement {
    const line = this.#line();
    this.#at += 1;
    const [title] = this.#words();
    if (title === undefined || this.#peek()?.kind !== '{') throw new GrubSyntaxError(line, 'menuentry TITLE { … }');
    this.#at += 1;
    const body = this.statements(['}']);
    this.#at += 1;
    return { kind: 'entry', title, body };
  }

  #words(): readonly GrubWord[] {
    const words: GrubWord[] = [];
    for (let token = this.#peek(); token?.kind === 'word'; token = this.#peek()) {
      words.push(token.word);
      this.#at += 1;
    }
    return words;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #line(): number {
    return (this.#peek() ?? this.#tokens.at(-1))?.line ?? 1;
  }
}

/**
 * GRUB's script language (GRUB manual, "Writing full configuration files directly") as far as network boot uses it:
 * commands, `if`, `for`, `menuentry`.
 * @throws GrubSyntaxError
 */
export function parseGrubConfig(text: string): readonly GrubStatement[] {
  return new GrubParser(tokenize(text.replaceAll('\r\n', '\n'))).statements([]);
}
