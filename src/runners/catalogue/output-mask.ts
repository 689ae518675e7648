export interface MaskSecret {
  readonly name: string;
  readonly pattern: RegExp;
}

/** Longer lines are cut: a secret is never looked for in half of one. */
const MAX_LINE_CHARS = 65_536;
const SHORTEST = 4;
const MAX_FOUND = 32;

/**
 * Lines in, lines out, without the secrets: what a pattern's group holds is put aside, and stands as `[shown once: NAME]` there
 * and wherever it comes again.
 */
export class OutputMask {
  readonly #secrets: readonly MaskSecret[];
  readonly #says: RegExp | undefined;
  /** By value. */
  readonly #found = new Map<string, string>();
  #rest = '';
  #leftOut = 0;
  hasSaid = false;

  constructor(secrets: readonly MaskSecret[], says?: RegExp) {
    this.#secrets = secrets;
    this.#says = says;
  }

  /** The last one of each name counts: a script that is run twice tells the newest last. */
  get found(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#found].map(([value, name]) => [name, value]));
  }

  /** @returns whole lines, masked, with their newlines */
  push(text: string): string {
    let out = '';
    const lines = text.split('\n');
    for (const [index, part] of lines.entries()) {
      const room = MAX_LINE_CHARS - this.#rest.length;
      this.#rest += part.slice(0, room);
      this.#leftOut += Math.max(0, part.length - room);
      if (index < lines.length - 1) out += this.#line();
    }
    return out;
  }

  /** What stood without a newline at its end. */
  end(): string {
    return this.#rest === '' ? '' : this.#line();
  }

  #line(): string {
    const tail = this.#leftOut === 0 ? '' : ` [… ${this.#leftOut} more characters of this line left out]`;
    const line = this.#masked(this.#rest);
    if (this.#says?.test(this.#rest) === true) this.hasSaid = true;
    this.#rest = '';
    this.#leftOut = 0;
    return `${line}${tail}\n`;
  }

  #masked(line: string): string {
    for (const { name, pattern } of this.#secrets) {
      const value = pattern.exec(line)?.[1];
      if (value !== undefined && value.length >= SHORTEST && this.#found.size < MAX_FOUND) this.#found.set(value, name);
    }
    let masked = line;
    for (const [value, name] of this.#found) masked = masked.replaceAll(value, `[shown once: ${name}]`);
    return masked;
  }
}
