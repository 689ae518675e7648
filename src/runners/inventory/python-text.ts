import type { VariableValue } from './inventory.ts';

/** Text that Python's `ast.literal_eval` refuses or leaves alone, so that Ansible takes it as it stands. */
const PLAIN_WORD = /^(?!(?:True|False|None)$)[A-Za-z_/~][A-Za-z0-9_./:@%~-]*$/;
/** Neither an integer nor a float to Python. */
const IPV4 = /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:\/[0-9]{1,2})?$/;

/**
 * A value as a Python literal, which is what Ansible's INI plugin reads values as; text that is none of Python's stays bare.
 * One line, whatever stands in it.
 */
export function pythonValue(value: VariableValue): string {
  if (typeof value === 'string') return PLAIN_WORD.test(value) || IPV4.test(value) ? value : pythonLiteral(value);
  return pythonLiteral(value);
}

function pythonLiteral(value: VariableValue): string {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return pythonNumber(value);
  if (typeof value === 'string') return pythonString(value);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  const members = Object.entries(value as Readonly<Record<string, VariableValue>>);
  return `{${members.map(([name, each]) => `${pythonString(name)}: ${pythonLiteral(each)}`).join(', ')}}`;
}

/** Python has no literals for these; a number that is too large for a float is infinite there too. */
function pythonNumber(value: number): string {
  if (Number.isNaN(value)) return pythonString('NaN');
  if (!Number.isFinite(value)) return value > 0 ? '1e999' : '-1e999';
  return Object.is(value, -0) ? '0' : String(value);
}

/** JSON's escapes are Python's too. */
function pythonString(text: string): string {
  return escapeLineEnds(JSON.stringify(text.toWellFormed()));
}

/**
 * What JSON leaves as it is inside of quotes and Python does not: line ends of Unicode, at which `splitlines` and PyYAML cut,
 * and characters that PyYAML refuses.
 */
export function escapeLineEnds(quoted: string): string {
  return quoted.replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
