/**
 * Words of a line as Python's shlex.split(comments=True) gives them, which pykickstart uses; undefined where a quote has
 * no partner.
 */
export function splitShlex(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const letter = line[at] ?? '';
    if (quote === "'") {
      if (letter === "'") quote = undefined;
      else word += letter;
    } else if (quote === '"') {
      const next = line[at + 1] ?? '';
      if (letter === '"') quote = undefined;
      else if (letter === '\\' && (next === '"' || next === '\\')) {
        word += next;
        at++;
      } else word += letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (letter === '\\') {
      word = `${word ?? ''}${line[at + 1] ?? ''}`;
      at++;
    } else if (letter === '#' && word === undefined) break;
    else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${letter}`;
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}
