/**
 * A line of an installer's log, fit for a timeline: without the colours of its screen, without control characters, and without
 * the way to its answer files, which stands in its own command line.
 */
export function installerWords(line: string): string {
  return (
    line
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what it finds
      .replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
      .replaceAll(/(\/install\/)[0-9a-f]{8,}/gi, '$1[secret]')
      .trim()
  );
}
