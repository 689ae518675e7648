import { InvalidInput } from '../../domain/errors.ts';

/**
 * A file's bytes as text with plain line ends. UTF-8 with or without a byte order mark, UTF-16 with one (a spreadsheet's
 * "Unicode text"). Anything else is not certain.
 *
 * @throws InvalidInput
 */
export function decodeText(bytes: Uint8Array): string {
  const encoding =
    bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    const message = 'The file is neither UTF-8 nor UTF-16.';
    const mend = 'Save it as “CSV UTF-8”, or convert it: iconv -f WINDOWS-1252 -t UTF-8.';
    const line = firstBadLine(bytes);
    throw new InvalidInput('The file can’t be read; nothing was changed.', [
      { path: '', message, mend, ...(encoding === 'utf-8' ? { line } : {}) },
    ]);
  }
  if (text.includes('\u0000')) {
    const line = text.slice(0, text.indexOf('\u0000')).split('\n').length;
    const mend = 'Send the text of the table: a spreadsheet’s own file (.xlsx, .ods) is saved as CSV first.';
    throw new InvalidInput('The file can’t be read; nothing was changed.', [
      { path: '', message: 'The file is no text: it holds zero bytes.', mend, line },
    ]);
  }
  return text.replaceAll(/\r\n?/g, '\n');
}

function firstBadLine(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (let end = bytes.indexOf(0x0a); ; end = bytes.indexOf(0x0a, start)) {
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    if (end < 0) return line;
    start = end + 1;
    line += 1;
  }
}
