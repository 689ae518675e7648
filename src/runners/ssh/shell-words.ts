const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * One word for a POSIX shell, whatever stands in it (XCU 2.2.2): sshd gives the remote command to the user's shell as one
 * line, and ssh gives ProxyCommand to ours.
 */
export function shellWord(word: string): string {
  if (word.includes('\0')) throw new TypeError('a word of a command has a NUL in it');
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
