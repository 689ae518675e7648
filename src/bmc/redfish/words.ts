const MAX_CHARACTERS = 300;
/** Shorter ones are everywhere in a text by chance. */
const MIN_SECRET_CHARACTERS = 4;

/** What a BMC says, fit for a terminal and a log: one line, no control or direction characters, bounded. */
export function printable(text: string, maxCharacters = MAX_CHARACTERS): string {
  // Cut before it is looked at: a body may have megabytes.
  const line = text
    .slice(0, maxCharacters * 4)
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1).trimEnd()}…`;
}

/** BMCs quote the value that they refuse, and that may be a password (PropertyValueFormatError). */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) {
    if (secret.length >= MIN_SECRET_CHARACTERS) masked = masked.replaceAll(secret, '•••');
  }
  return masked;
}
