/**
 * How a value is written: the schema shows it to editors, `parse` reads it, and both say the same thing when it is
 * wrong. A notation is the one place that knows its format.
 */
export interface Notation<T> {
  /** With its article: "an IPv4 address". */
  readonly title: string;
  readonly example: string;
  /** For editors: loose where `parse` is exact, never stricter. */
  readonly pattern: string;
  /** A plain whole number is one too: seconds, bytes. */
  readonly plainNumber?: boolean;
  /** undefined: it does not look like one at all. */
  parse(text: string): Parsed<T> | undefined;
}

export type Parsed<T> = { readonly value: T } | Misfit;

/** It looks right, but is not: why, and what would be. */
export interface Misfit {
  /** Goes on after "is 10.77.0.5/24: ". */
  readonly reason?: string;
  readonly mend?: string;
}

export function ok<T>(value: T): { readonly value: T } {
  return { value };
}

export function isMisfit<T>(parsed: Parsed<T>): parsed is Misfit {
  return !('value' in parsed);
}

/** What a wrong value is, in a sentence: `"10.77.0"`, `10.77`, `a list`, `a mapping`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  const shown = value.length > 60 ? `${value.slice(0, 57)}...` : value;
  return JSON.stringify(shown);
}

export function mustBe(notation: Notation<unknown>): string {
  return `must be ${notation.title} such as ${notation.example}`;
}

/** Reads a value of the file, whatever YAML made of it. */
export function readNotation<T>(notation: Notation<T>, value: unknown): Parsed<T> & { message?: string } {
  if (typeof value === 'number' && notation.plainNumber === true && Number.isInteger(value)) {
    const parsed = notation.parse(String(value));
    if (parsed !== undefined && !isMisfit(parsed)) return parsed;
  }
  if (typeof value !== 'string') return refuse(notation, value, yamlMisreading(notation, value));
  const parsed = notation.parse(value.trim());
  if (parsed === undefined) return refuse(notation, value, { ...plainHint(notation, value) });
  return isMisfit(parsed) ? refuse(notation, value, parsed) : parsed;
}

function refuse(notation: Notation<unknown>, value: unknown, misfit: Misfit): Misfit & { message: string } {
  const reason = misfit.reason === undefined ? '' : `: ${misfit.reason}`;
  return { ...misfit, message: `${mustBe(notation)}, is ${describeValue(value)}${reason}` };
}

/** YAML reads 525400770001 as a number and 5254e0770001 as infinity, before anyone can see the hardware address. */
function yamlMisreading(notation: Notation<unknown>, value: unknown): Misfit {
  if (typeof value === 'number' || typeof value === 'boolean') {
    if (notation.plainNumber === true) return {};
    const quoted = notation.parse(String(value));
    const helps = (quoted !== undefined && !isMisfit(quoted)) || !Number.isFinite(value);
    if (!helps) return {};
    return {
      reason: `YAML read it as a ${typeof value}`,
      mend: `Put it in double quotes, as in "${notation.example}".`,
    };
  }
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') {
    return { mend: `Write it without the brackets: ${value[0]}` };
  }
  return {};
}

function plainHint(notation: Notation<unknown>, value: string): Misfit {
  if (value.trim() === '') return { mend: `Write ${notation.title}, or remove the key.` };
  return {};
}
