import { readPattern, wordsIn } from '../domain/text-pattern.ts';
import { type Misfit, type Notation, ok, type Parsed } from './notation.ts';
import { switchPortNotation } from './notations.ts';

/** First three bytes of a MAC address, which the IEEE gives to makers. */
export const ouiNotation: Notation<string> = {
  title: 'the first three bytes of a MAC address',
  example: 'b8:3f:d2',
  pattern: '^[0-9A-Fa-f]{2}[:-]?[0-9A-Fa-f]{2}[:-]?[0-9A-Fa-f]{2}$',
  parse(text) {
    const digits = text.toLowerCase().replaceAll(/[:-]/g, '');
    if (/^[0-9a-f]{6}$/.test(digits)) return ok((digits.match(/../g) ?? []).join(':'));
    if (/^[0-9a-f]{8,12}$/.test(digits)) {
      return { reason: 'it has more than three bytes', mend: 'Write mac with a pattern, such as "b8:3f:d2:00:*".' };
    }
    return undefined;
  },
};

function patternProblem(text: string): Misfit | undefined {
  const read = readPattern(text);
  return 'reason' in read ? { reason: read.reason } : undefined;
}

/** `*` anything, `?` one character, `{word}` letters and digits. */
export const textPatternNotation: Notation<string> = {
  title: 'a text with * for anything',
  example: 'PXEClient:Arch:00007*',
  pattern: '^.+$',
  parse(text) {
    return text === '' ? undefined : (patternProblem(text) ?? ok(text));
  },
};

/** As in reservations, with the signs of patterns: `text:Ethernet1/{port}` or `00:04:00:0a:01:*`. */
export const portPatternNotation: Notation<string> = {
  title: 'a pattern of bytes in hex or of marked text',
  example: 'text:Ethernet1/{port} or 00:04:00:0a:01:*',
  pattern: '^(text:.+|[0-9A-Fa-f*?:{} -][0-9A-Za-z*?:{} -]*)$',
  parse(text): Parsed<string> | undefined {
    const marked = /^text:(.+)$/s.exec(text)?.[1];
    if (marked !== undefined) return patternProblem(marked) ?? ok(`text:${marked}`);
    const plain = text.toLowerCase().replaceAll(/[: -]/g, '');
    if (/^[0-9a-f*?]+$/.test(plain)) return ok(plain);
    // A word of hex digits would not be the number that the switch prints.
    if (
      /^[0-9a-f*?{}]/i.test(text) &&
      wordsIn(text).length > 0 &&
      /^[0-9a-f*?]*$/i.test(plain.replaceAll(/\{[^{}]*\}/g, ''))
    ) {
      return { reason: 'words stand in text only', mend: 'Use *; {port} is the last byte of itself.' };
    }
    const asWritten = switchPortNotation.parse(text);
    return asWritten !== undefined && 'value' in asWritten ? ok(asWritten.value) : asWritten;
  },
};

/** A text of an adoption: `dgx{port:2}`. */
export const nameTextNotation: Notation<string> = {
  title: 'a host name with words in braces',
  example: 'dgx{port:2}',
  pattern: '^([A-Za-z0-9-]|\\{[A-Za-z0-9]+(:[0-9]{1,2})?\\})+$',
  parse(text) {
    const plain = text.replaceAll(/\{[a-z][A-Za-z0-9]*(:[0-9]{1,2})?\}/g, '');
    if (/[{}]/.test(plain))
      return { reason: 'a brace has no partner, or no word between', mend: 'Write {port} or {port:2}.' };
    if (!/^[A-Za-z0-9-]*$/.test(plain)) return { reason: 'a host name has letters, digits and hyphens' };
    if (/^-|-$/.test(text)) return { reason: 'no hyphen at an end' };
    if (plain.length > 63) return { reason: 'a host name has at most 63 characters' };
    return text === '' ? undefined : ok(text.toLowerCase() === text ? text : lowered(text));
  },
};

/** Words keep their case; the name does not. */
function lowered(text: string): string {
  return text.replaceAll(/\{[^{}]*\}|[A-Z]+/g, (part) => (part.startsWith('{') ? part : part.toLowerCase()));
}
