import type { OptionValue } from '../../domain/node.ts';

/**
 * The value of a DHCP option as a cell has it: numbers, truth values and lists as JSON writes them, anything else is text.
 * Text that would read as one of those stands in double quotes: `"9000"`.
 */
export function optionOf(cell: string): OptionValue {
  try {
    const value: unknown = JSON.parse(cell);
    if (isOptionValue(value)) return value;
  } catch {
    // Text, as most values are.
  }
  return cell;
}

/** The other way round. */
export function cellOfOption(value: OptionValue): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return optionOf(value) === value ? value : JSON.stringify(value);
}

function isOptionValue(value: unknown): value is OptionValue {
  return isScalar(value) || typeof value === 'boolean' || (Array.isArray(value) && value.every(isItem));
}

function isItem(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isScalar(value);
  return !Array.isArray(value) && Object.values(value).every((each) => typeof each === 'string');
}

function isScalar(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** What an installer is told: an object in JSON; undefined for anything else. */
export function recordOf(cell: string): object | undefined {
  try {
    const value: unknown = JSON.parse(cell);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
