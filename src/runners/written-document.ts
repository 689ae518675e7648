import { type Document, isMap, isScalar, isSeq, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { InvalidInput, type Problem } from '../domain/errors.ts';

type Path = readonly (string | number)[];

const MAX_CHARS = 262_144;
const MAX_ALIASES = 20;
const DURATION = /^([0-9]{1,6})(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A YAML file that an operator wrote, read by hand: each value is asked for by what it has to be, and whatever is wrong is a
 * problem with its line; reading goes on. `finish` throws all of them at once.
 */
export class WrittenDocument {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #document: Document.Parsed<ParsedNode>;
  readonly #value: unknown;

  /** @param file for messages */
  constructor(file: string, text: string) {
    this.#file = file;
    const isTooLong = text.length > MAX_CHARS;
    this.#document = parseDocument(isTooLong ? '' : text, { lineCounter: this.#lines, logLevel: 'silent' });
    if (isTooLong) this.refuse([], `it is longer than ${MAX_CHARS} characters`, 'Is it the right file?');
    for (const error of this.#document.errors.slice(0, 5))
      this.problems.push({
        path: '',
        message: `it is no valid YAML: ${error.message.split('\n', 1)[0]?.slice(0, 120)}`,
        mend: 'Look at this line, and for an open quote or bracket above it.',
        ...(error.linePos === undefined ? {} : { line: error.linePos[0].line }),
      });
    this.#value = this.problems.length > 0 ? undefined : this.#toValue();
  }

  get root(): WrittenValue {
    return new WrittenValue(this, [], this.#value);
  }

  refuse(path: Path, message: string, mend: string): undefined {
    const line = this.#lineOf(path);
    this.problems.push({ path: pathText(path), message, mend, ...(line === undefined ? {} : { line }) });
  }

  /** @throws InvalidInput with everything that is wrong */
  finish<T>(read: T | undefined): T {
    if (this.problems.length > 0 || read === undefined)
      throw new InvalidInput(`${this.#file} can’t be used`, this.problems);
    return read;
  }

  #toValue(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch {
      return this.refuse([], 'its aliases can’t be resolved', 'Write the values where they are used.');
    }
  }

  #lineOf(path: Path): number | undefined {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#nodeAt(path.slice(0, length));
      const offset = node?.range?.[0];
      if (offset !== undefined) return this.#lines.linePos(offset).line;
    }
    return undefined;
  }

  #nodeAt(path: Path): ParsedNode | undefined {
    let node: ParsedNode | null = this.#document.contents;
    for (const segment of path) {
      if (isMap(node))
        node = (node.items.find(({ key }) => isScalar(key) && key.value === segment)?.value ??
          null) as ParsedNode | null;
      else if (isSeq(node) && typeof segment === 'number') node = (node.items[segment] ?? null) as ParsedNode | null;
      else return undefined;
    }
    return node ?? undefined;
  }
}

/** One value of it, at its place. What is asked for and is something else gives undefined, and a problem. */
export class WrittenValue {
  readonly #document: WrittenDocument;
  readonly #path: Path;
  readonly #value: unknown;

  constructor(document: WrittenDocument, path: Path, value: unknown) {
    this.#document = document;
    this.#path = path;
    this.#value = value;
  }

  get isThere(): boolean {
    return this.#value !== undefined;
  }

  get isText(): boolean {
    return typeof this.#value === 'string';
  }

  refuse(message: string, mend: string): undefined {
    return this.#document.refuse(this.#path, message, mend);
  }

  /** A mapping with no other keys than these; `free`: with whatever keys. */
  mapping(keys: readonly string[] | 'free'): WrittenMapping | undefined {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const known = keys === 'free' ? 'Write key: value.' : `It takes ${keys.join(', ')}.`;
      return this.refuse(this.isThere ? 'it is no mapping' : 'it is missing', known);
    }
    if (keys !== 'free')
      for (const key of Object.keys(value))
        if (!keys.includes(key))
          this.#document.refuse([...this.#path, key], 'this key is not known', `There are ${keys.join(', ')}.`);
    return new WrittenMapping(this.#document, this.#path, value as Readonly<Record<string, unknown>>);
  }

  list(maxItems = 500): readonly WrittenValue[] {
    if (!this.isThere) return [];
    if (!Array.isArray(this.#value)) {
      this.refuse('it is no list', 'Begin each item with “- ”, or write [a, b].');
      return [];
    }
    if (this.#value.length > maxItems) this.refuse(`it has more than ${maxItems} items`, 'Leave some out.');
    return this.#value
      .slice(0, maxItems)
      .map((item, index) => new WrittenValue(this.#document, [...this.#path, index], item));
  }

  /** @param what it has to be, for people: `a name of small letters, digits and hyphens` */
  text(pattern?: RegExp, what = 'another text'): string | undefined {
    if (!this.isThere) return this.refuse('it is missing', `Write ${what === 'another text' ? 'a text' : what}.`);
    // A port, or a version such as 20.10, is read as a number by YAML.
    if (typeof this.#value !== 'string') return this.refuse('it is no text', 'Put it in double quotes.');
    if (pattern !== undefined && !pattern.test(this.#value))
      return this.refuse('it does not fit', `It has to be ${what}.`);
    return this.#value;
  }

  texts(pattern?: RegExp, what?: string): readonly string[] {
    return this.list().flatMap((item) => item.text(pattern, what) ?? []);
  }

  oneOf<const V extends readonly string[]>(values: V): V[number] | undefined {
    if (typeof this.#value === 'string' && values.includes(this.#value)) return this.#value;
    return this.refuse(
      this.isThere ? 'it is none of those that there are' : 'it is missing',
      `Write ${values.join(', ')}.`,
    );
  }

  number(min: number, max: number, isWhole = true): number | undefined {
    const value = this.#value;
    if (typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isInteger(value)))
      return value;
    return this.refuse('it does not fit', `It has to be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}.`);
  }

  flag(): boolean | undefined {
    return typeof this.#value === 'boolean'
      ? this.#value
      : this.refuse('it is neither true nor false', 'Write true or false.');
  }

  durationMs(minMs: number, maxMs: number): number | undefined {
    const [, amount, unit = ''] = typeof this.#value === 'string' ? (DURATION.exec(this.#value) ?? []) : [];
    const ms = Number(amount) * (UNIT_MS[unit] ?? Number.NaN);
    if (ms >= minMs && ms <= maxMs) return ms;
    return this.refuse(
      'it is no time within its bounds',
      `Write 30m, 4h: from ${minMs / 1_000}s to ${maxMs / 3_600_000}h.`,
    );
  }
}

export class WrittenMapping {
  readonly #document: WrittenDocument;
  readonly #path: Path;
  readonly #entries: Readonly<Record<string, unknown>>;

  constructor(document: WrittenDocument, path: Path, entries: Readonly<Record<string, unknown>>) {
    this.#document = document;
    this.#path = path;
    this.#entries = entries;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#entries);
  }

  at(key: string): WrittenValue {
    const value = Object.hasOwn(this.#entries, key) ? (this.#entries[key] ?? undefined) : undefined;
    return new WrittenValue(this.#document, [...this.#path, key], value);
  }

  /** Undefined where it is not there; else what `read` makes of it. */
  maybe<T>(key: string, read: (value: WrittenValue) => T): T | undefined {
    const value = this.at(key);
    return value.isThere ? read(value) : undefined;
  }
}

function pathText(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else text += text === '' ? segment : `.${segment}`;
  }
  return text;
}
