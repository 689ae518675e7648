import type { Command } from 'commander';

export interface WrittenCommand {
  readonly line: number;
  readonly words: readonly string[];
}

/** Commands of podboot that a page shows, in blocks of shell and between backquotes. */
export function commandsOf(markdown: string): WrittenCommand[] {
  let isBlock = false;
  return markdown.split('\n').flatMap((text, index) => {
    if (/^\s*```/.test(text)) {
      isBlock = !isBlock;
      return [];
    }
    const pieces = isBlock ? [text] : Array.from(text.matchAll(/`([^`]+)`/g), (match) => match[1] ?? '');
    return pieces.flatMap((piece) => commandsIn(piece)).map((words) => ({ line: index + 1, words }));
  });
}

/** After `&&`, `$(`, `sudo` and variables too; a comment and what follows a pipe belong to somebody else. */
function commandsIn(text: string): string[][] {
  return Array.from(
    text.matchAll(
      /(?:^|&&|\|\||;|\$\(|\bsudo)\s*(?:[A-Z_]+=\S*\s+)*(?:bin\/)?podboot ((?:'[^']*'|"[^"]*"|[^|;&#<>()])*)/g,
    ),
    (match) =>
      Array.from(
        (match[1] ?? '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
        (word) => word[1] ?? word[2] ?? word[3] ?? '',
      ),
  ).filter((words) => words.length > 0 && /^[a-z-]/.test(words[0] ?? '') && !/…/.test(words[0] ?? ''));
}

/** What is wrong with it by the commands that there are. */
export function mistakeOf(words: readonly string[], program: Command): string | undefined {
  let command = program;
  const rest = [...words];
  for (let word = rest[0]; word !== undefined && !word.startsWith('-'); word = rest[0]) {
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word ?? ''));
    if (next === undefined) {
      if (command.registeredArguments.length === 0) return `there is no command ${word}`;
      break;
    }
    command = next;
    rest.shift();
  }
  const known = new Set(['--help', '-h', '--version', '-V']);
  for (let each: Command | null = command; each !== null; each = each.parent)
    for (const { long, short } of each.options) for (const name of [long, short]) if (name) known.add(name);
  const unknown = rest.find((word) => /^--?[a-z]/i.test(word) && !known.has(word.split('=')[0] ?? ''));
  return unknown === undefined ? undefined : `there is no option ${unknown}`;
}
