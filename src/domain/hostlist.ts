import { InvalidInput } from './errors.ts';

export interface HostlistOptions {
  /** More names than this are refused; 65,536 unless told. */
  readonly maxNames?: number;
  /** Where the text stands, for the problem: `?name`. */
  readonly path?: string;
}

const MAX_NAMES = 65_536;
const MAX_CHARS = 65_536;
/** Whole numbers up to here are exact, and no machine has a longer one. */
const MAX_DIGITS = 15;
const EXAMPLE = 'Write it as dgx[01-32], dgx[01-04,07]-ib[0-3] or dgx01,dgx02.';

/** A part of one item: text, or the numbers in one pair of brackets. */
type Part = readonly string[];

/**
 * The names that a list of hosts stands for, as Slurm, pdsh and ClusterShell write it: `dgx[01-32]`,
 * `rack[1-2]-dgx[01-04,07]`, `mgmt01,login*`. Zeros before the first number of a range pad all of it. In the order in which
 * they are written, each once; whatever is no range stays as it is.
 *
 * @throws InvalidInput with what is wrong and where
 */
export function expandHostlist(text: string, options: HostlistOptions = {}): string[] {
  const maxNames = options.maxNames ?? MAX_NAMES;
  const refuse = (message: string): never => {
    throw new InvalidInput('The list of hosts can’t be read.', [{ path: options.path ?? '', message, mend: EXAMPLE }]);
  };
  if (text.length > MAX_CHARS) refuse(`It is longer than ${MAX_CHARS} characters.`);
  const names = new Set<string>();
  for (const item of splitItems(text, refuse)) {
    const parts = readParts(item, maxNames, refuse);
    const count = parts.reduce((product, part) => product * part.length, 1);
    if (names.size + count > maxNames) refuse(`It stands for more than ${maxNames} names.`);
    for (const name of combine(parts)) names.add(name);
  }
  if (names.size === 0) refuse('It names nothing.');
  return [...names];
}

/** At commas and spaces that are not within brackets. */
function splitItems(text: string, refuse: (message: string) => never): string[] {
  const items: string[] = [];
  let item = '';
  let isWithin = false;
  for (const character of text) {
    if (character === '[') {
      if (isWithin) refuse(`There is a bracket within brackets after “${item}”.`);
      isWithin = true;
    } else if (character === ']') {
      if (!isWithin) refuse(`“${item}]” closes a bracket that was never opened.`);
      isWithin = false;
    }
    if (!isWithin && /[,\s]/.test(character)) {
      if (item !== '') items.push(item);
      item = '';
    } else item += character;
  }
  if (isWithin) refuse(`The bracket of “${item}” is never closed.`);
  if (item !== '') items.push(item);
  return items;
}

function readParts(item: string, maxNames: number, refuse: (message: string) => never): Part[] {
  return item
    .split(/(\[[^\]]*\])/)
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('[') ? readRanges(part.slice(1, -1), item, maxNames, refuse) : [part]));
}

/** `01-04,07`. */
function readRanges(text: string, item: string, maxNames: number, refuse: (message: string) => never): string[] {
  const numbers: string[] = [];
  for (const range of text.split(',').map((each) => each.trim())) {
    const [, low, high = low] = /^(\d+)(?:\s*-\s*(\d+))?$/.exec(range) ?? [];
    if (low === undefined || high === undefined)
      return refuse(`“${range}” in “${item}” is neither a number nor a range.`);
    if (high.length > MAX_DIGITS || low.length > MAX_DIGITS) {
      return refuse(`A number of “${item}” has more than ${MAX_DIGITS} digits.`);
    }
    if (Number(low) > Number(high)) return refuse(`The range ${range} of “${item}” runs backwards.`);
    const isUneven = low.length > high.length || (high.startsWith('0') && high.length !== low.length);
    if (isUneven) return refuse(`The range ${range} of “${item}” is padded on one side alone.`);
    if (numbers.length + Number(high) - Number(low) >= maxNames) {
      return refuse(`It stands for more than ${maxNames} names.`);
    }
    const width = low.startsWith('0') ? low.length : 0;
    for (let number = Number(low); number <= Number(high); number += 1)
      numbers.push(String(number).padStart(width, '0'));
  }
  return numbers;
}

function* combine(parts: readonly Part[], from = 0, before = ''): Generator<string> {
  const part = parts[from];
  if (part === undefined) yield before;
  else for (const each of part) yield* combine(parts, from + 1, before + each);
}
