/** DGXie's settings are environment variables: of an env file, of a shell script, or of docker-compose's `environment`. */
export interface EnvironmentFile {
  /** Values by name. One that stands for another variable (`${IP}`) is left out. */
  readonly values: ReadonlyMap<string, string>;
}

const ASSIGNMENT = /^\s*(?:-\s*)?(?:export\s+|-e\s+)?"?([A-Z][A-Z0-9_]*)\s*(?:=|:\s)\s*(.*)$/;

export function readEnvironment(text: string): EnvironmentFile {
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line.trimStart().startsWith('#')) continue;
    const [, name, written] = ASSIGNMENT.exec(line) ?? [];
    const value = written === undefined ? undefined : unquote(written);
    if (name !== undefined && value !== undefined && !/\$\{?[A-Z]/.test(value)) values.set(name, value);
  }
  return { values };
}

function unquote(written: string): string {
  const quoted = /^(["'])(.*?)\1/.exec(written.trim());
  if (quoted !== null) return quoted[2] ?? '';
  // The quote that opened before the name: - "IP=10.0.0.1"
  return written
    .replace(/\s+#.*$/, '')
    .trim()
    .replace(/"$/, '');
}
