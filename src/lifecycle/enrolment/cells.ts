import type { Problem } from '../../domain/errors.ts';
import { type MacAddress, parseMac } from '../../domain/mac.ts';
import { shown } from '../node-input.ts';

/** What a cell says, or why that is not certain. */
export type CellReading<T> = { readonly value: T } | { readonly refusal: Pick<Problem, 'message' | 'mend'> };

const AS_TEXT = 'format the column as text, enter the value again and save the file again.';
const FORMULA_START = /^[=+\-@\t]/;
/** What a spreadsheet shows of a number that is too wide: 5.254E+11. */
const SCIENTIFIC = /^(\d)(?:[.,](\d+))?e\+?(\d{1,3})$/i;
const MONTH_DATE =
  /^(?:\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{2,4})$/i;
const NUMERIC_DATE = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T].*)?$/;
const NOTHING = /^(?:n\/?a|none|null|nil|tbd|unknown|\?+)$/i;

/**
 * Text as the cell has it. A spreadsheet runs what begins with = + - @, and a file that brings such a cell may have been
 * made for that (CWE-1236): it is refused. An apostrophe before it says that it is text, and is taken away.
 */
export function readCell(text: string): CellReading<string> {
  if (FORMULA_START.test(text)) {
    const nothing = /^-+$/.test(text.trim());
    const mend = nothing
      ? 'Leave the cell empty where there is nothing.'
      : `Write what the formula gives. Text that begins like this goes behind an apostrophe: '${shown(text)}`;
    const message = `“${shown(text)}” begins like a formula.`;
    return { refusal: { message, mend } };
  }
  return { value: withoutApostrophe(text) };
}

/** What a reader would not take as it is: empty text, a formula, what looks like a spreadsheet's doing. */
function needsApostrophe(value: string): boolean {
  return value === '' || /^[=+\-@\t']/.test(value) || MONTH_DATE.test(value) || SCIENTIFIC.test(value);
}

function withoutApostrophe(text: string): string {
  return text.startsWith("'") && needsApostrophe(text.slice(1)) ? text.slice(1) : text;
}

/** The other way round: a cell that no spreadsheet runs, and that `readCell` and `readTextCell` read as `value`. */
export function cellOf(value: string): string {
  return needsApostrophe(value) ? `'${value}` : value;
}

/** A serial number, a rack or a position that a spreadsheet may have taken for something else. */
export function readTextCell(text: string): CellReading<string> {
  const cell = readCell(text);
  if ('refusal' in cell) return cell;
  const { value } = cell;
  // An apostrophe said that it is text.
  if (value !== text) return cell;
  if (MONTH_DATE.test(value)) {
    const message = `“${shown(value)}” is what a spreadsheet makes of text that looks like a date, as 12-15.`;
    return { refusal: { message, mend: capital(AS_TEXT) } };
  }
  const number = SCIENTIFIC.exec(value);
  if (number !== null && (number[2] !== undefined || value.includes('+'))) {
    const message = `“${shown(value)}” is what a spreadsheet shows of a long number: digits are lost.`;
    return { refusal: { message, mend: capital(AS_TEXT) } };
  }
  return cell;
}

/**
 * A MAC address in any notation of `parseMac`, in one whose bytes lack their leading zeros (0:1b:21:a:b:c), or as a number
 * that a spreadsheet made of it where all twelve digits are there. Anything else is not certain.
 */
export function readMacCell(text: string): CellReading<MacAddress> {
  const cell = readCell(text);
  if ('refusal' in cell) return cell;
  // Some write an apostrophe before it, so that a spreadsheet leaves it alone.
  const value = cell.value.replace(/^'/, '');
  const mac = parseMac(value) ?? parseMac(padded(value)) ?? parseMac(wholeNumber(value));
  return mac === undefined ? { refusal: macRefusal(value) } : { value: mac };
}

function padded(text: string): string {
  if (!/^[0-9a-f]{1,2}([:-])(?:[0-9a-f]{1,2}\1){4}[0-9a-f]{1,2}$/i.test(text)) return '';
  return text
    .split(/[:-]/)
    .map((part) => part.padStart(2, '0'))
    .join(':');
}

/** `525400770001.0` and `5.25400770001E+11`: twelve digits, whichever way. */
function wholeNumber(text: string): string {
  if (/^\d{12}[.,]0+$/.test(text)) return text.slice(0, 12);
  const [, first = '', rest = '', exponent] = SCIENTIFIC.exec(text) ?? [];
  return exponent === '11' && rest.length === 11 ? `${first}${rest}` : '';
}

function macRefusal(value: string): Pick<Problem, 'message' | 'mend'> {
  const text = `“${shown(value)}”`;
  if (SCIENTIFIC.test(value) && /[.,+]/.test(value)) {
    return {
      message: `${text} is what a spreadsheet shows of a long number: digits are lost.`,
      mend: capital(AS_TEXT),
    };
  }
  if (/^\d{6,11}$/.test(value)) {
    const guess = parseMac(value.padStart(12, '0'));
    const message = `${text} has ${value.length} digits of 12: a spreadsheet may have dropped leading zeros, or it is cut short.`;
    return { message, mend: `If it is ${guess}, write it like this; and ${AS_TEXT}` };
  }
  if (MONTH_DATE.test(value) || NUMERIC_DATE.test(value)) {
    return { message: `${text} is a date: a spreadsheet made it of something else.`, mend: capital(AS_TEXT) };
  }
  if (NOTHING.test(value)) {
    return { message: `${text} is no MAC address.`, mend: 'Leave the cell empty where there is none.' };
  }
  if (/^[0-9a-f]{16}$/i.test(value.replaceAll(/[:\-. ]/g, ''))) {
    const mend = 'Give an Infiniband interface its clientId; write the six bytes of an Ethernet one.';
    return { message: `${text} has eight bytes, as a GUID of Infiniband: it is no MAC address.`, mend };
  }
  const parts = value.split(/[,;/\s]+/).filter((part) => parseMac(part) !== undefined);
  if (parts.length > 1) {
    const mend = 'Give each interface a row, or a column, of its own.';
    return { message: `${text} are ${parts.length} MAC addresses in one cell.`, mend };
  }
  return { message: `${text} is no MAC address.`, mend: 'Write six bytes, as in 52:54:00:77:00:01.' };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
