import type { VariableValue } from './inventory.ts';

const NUMBER =
  /^(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:[0-9](?:_?[0-9])*)?\.?(?:[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?)/;
const STRING_START = /^([uU]|[rR]|)('''|"""|'|")/;
const SPACE = /^[ \t]+/;
const MAX_DEPTH = 32;

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
};

/**
 * A value as Ansible's INI plugin reads it: what Python's `ast.literal_eval` takes as a literal is one, everything else is
 * text as it stands. Tuples and sets become lists; bytes and complex numbers, which no inventory has, stay text.
 */
export function readPythonValue(text: string): VariableValue {
  try {
    const parser = new LiteralParser(text);
    const value = parser.value();
    return parser.isAtEnd() ? value : text;
  } catch (error) {
    if (error instanceof NoLiteral) return text;
    throw error;
  }
}

class NoLiteral extends Error {}

class LiteralParser {
  #rest: string;
  #depth = 0;

  constructor(text: string) {
    this.#rest = text.replace(/^[ \t]+/, '');
  }

  isAtEnd(): boolean {
    this.#skip();
    // A comment is one to Python too.
    return this.#rest === '' || this.#rest.startsWith('#');
  }

  /** With commas at its end it is a tuple. */
  value(): VariableValue {
    const first = this.#single();
    this.#skip();
    if (!this.#rest.startsWith(',')) return first;
    const items = [first];
    while (this.#takes(',')) {
      if (this.isAtEnd()) break;
      items.push(this.#single());
    }
    return items;
  }

  #single(): VariableValue {
    this.#skip();
    if (++this.#depth > MAX_DEPTH) throw new NoLiteral();
    const value = this.#parse();
    this.#depth -= 1;
    return value;
  }

  #parse(): VariableValue {
    const word = /^(?:None|True|False)(?![\w])/.exec(this.#rest)?.[0];
    if (word !== undefined) {
      this.#drop(word.length);
      return word === 'None' ? null : word === 'True';
    }
    if (STRING_START.test(this.#rest)) return this.#strings();
    if (this.#takes('[')) return this.#items(']');
    if (this.#takes('(')) return this.#tuple();
    if (this.#takes('{')) return this.#braces();
    return this.#number();
  }

  #number(): number {
    const sign = /^[+-]/.exec(this.#rest)?.[0] ?? '';
    this.#drop(sign.length);
    if (sign !== '') this.#skip();
    const digits = NUMBER.exec(this.#rest)?.[0] ?? '';
    // Python refuses 012; and 1.2.3, 10x and 1j go on after what looked like a number.
    if (!/[0-9]/.test(digits) || /^0[0-9_]*[1-9][0-9_]*$/.test(digits)) throw new NoLiteral();
    this.#drop(digits.length);
    if (/^[\w.]/.test(this.#rest)) throw new NoLiteral();
    const value = Number(digits.replaceAll('_', ''));
    if (Number.isNaN(value)) throw new NoLiteral();
    return sign === '-' ? -value : value;
  }

  /** Strings beside each other are one. */
  #strings(): string {
    let text = '';
    do {
      text += this.#string();
      this.#skip();
    } while (STRING_START.test(this.#rest));
    return text;
  }

  #string(): string {
    const [start = '', prefix = '', quote = ''] = STRING_START.exec(this.#rest) ?? [];
    this.#drop(start.length);
    const isRaw = prefix.toLowerCase() === 'r';
    let text = '';
    for (;;) {
      if (this.#rest === '') throw new NoLiteral();
      if (this.#takes(quote)) return text;
      if (this.#rest.startsWith('\\')) text += this.#escape(isRaw);
      else {
        const [character = ''] = this.#rest;
        text += character;
        this.#drop(character.length);
      }
    }
  }

  #escape(isRaw: boolean): string {
    const match = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|(.))/su.exec(this.#rest);
    if (match === null) throw new NoLiteral();
    const [whole, two, four, eight, octal, one = ''] = match;
    this.#drop(whole.length);
    if (isRaw) return whole;
    const hex = two ?? four ?? eight;
    if (hex !== undefined || octal !== undefined) {
      const point = Number.parseInt(hex ?? octal ?? '', hex === undefined ? 8 : 16);
      if (point > 0x10ffff) throw new NoLiteral();
      return String.fromCodePoint(point);
    }
    if ('xuUN'.includes(one)) throw new NoLiteral();
    return ESCAPES[one] ?? whole;
  }

  #items(end: string): VariableValue[] {
    const items: VariableValue[] = [];
    for (;;) {
      this.#skip();
      if (this.#takes(end)) return items;
      items.push(this.#single());
      this.#skip();
      if (!this.#takes(',') && !this.#rest.startsWith(end)) throw new NoLiteral();
    }
  }

  #tuple(): VariableValue {
    const before = this.#rest;
    const items = this.#items(')');
    const hasComma = before
      .slice(0, before.length - this.#rest.length - 1)
      .trimEnd()
      .endsWith(',');
    return items.length === 1 && !hasComma ? (items[0] as VariableValue) : items;
  }

  #braces(): VariableValue {
    const members = new Map<string, VariableValue>();
    const items: VariableValue[] = [];
    for (;;) {
      this.#skip();
      if (this.#takes('}')) return items.length > 0 ? items : Object.fromEntries(members);
      const key = this.#single();
      this.#skip();
      if (this.#takes(':')) members.set(keyText(key), this.#single());
      else items.push(key);
      if (items.length > 0 && members.size > 0) throw new NoLiteral();
      this.#skip();
      if (!this.#takes(',') && !this.#rest.startsWith('}')) throw new NoLiteral();
    }
  }

  #takes(text: string): boolean {
    if (!this.#rest.startsWith(text)) return false;
    this.#drop(text.length);
    return true;
  }

  #drop(length: number): void {
    this.#rest = this.#rest.slice(length);
  }

  #skip(): void {
    this.#drop(SPACE.exec(this.#rest)?.[0].length ?? 0);
  }
}

/** As Python's json writes a key. */
function keyText(key: VariableValue): string {
  if (typeof key === 'string') return key;
  if (key === null) return 'null';
  if (typeof key === 'object') throw new NoLiteral();
  return String(key);
}
