/**
 * How a value is said in each language of answer files, so that nothing in it can end its place and begin another. A
 * template writes `{{ value }}` without quotes of its own: the language brings them.
 */
export type Language = 'preseed' | 'yaml' | 'kickstart' | 'shell' | 'plain';

export type Quote = (value: unknown) => string;

/** A value that has no form in the language. The message is for the operator and repeats nothing secret. */
export class Unspeakable extends Error {}

export const QUOTES: Readonly<Record<Language, Quote>> = {
  preseed: quotePreseed,
  yaml: quoteYaml,
  kickstart: quoteKickstart,
  shell: quoteShell,
  plain: quotePlain,
};

/** By the name of a template of the operator's own; undefined: what its kind speaks. */
export function languageOf(template: string): Language | undefined {
  const extension = /\.([a-z0-9]+)(?:\.liquid)?$/.exec(template)?.[1] ?? '';
  return BY_EXTENSION[extension];
}

const BY_EXTENSION: Readonly<Record<string, Language>> = {
  sh: 'shell',
  yaml: 'yaml',
  yml: 'yaml',
  json: 'yaml',
  ks: 'kickstart',
  preseed: 'preseed',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;

/** The rest of a line, which debconf takes as it is: no quotes, no escapes, a backslash at the end joins lines. */
function quotePreseed(value: unknown): string {
  const text = scalar(value);
  if (CONTROL.test(text))
    throw new Unspeakable('has a line break or a control character, which a preseed file cannot say');
  if (text !== text.trim()) throw new Unspeakable('begins or ends with a space, which a preseed file loses');
  if (text.endsWith('\\')) throw new Unspeakable('ends with a backslash, which joins lines of a preseed file');
  return text;
}

/** JSON is YAML, where what YAML 1.1 does not take as printable is escaped. Lists and mappings in flow style. */
function quoteYaml(value: unknown): string {
  if (value === undefined || value === null) throw new Unspeakable('has no value');
  const json = JSON.stringify(value);
  if (json === undefined) throw new Unspeakable('has no value');
  return json.replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One word for pykickstart, which splits lines as Python's shlex does. */
function quoteKickstart(value: unknown): string {
  const text = scalar(value);
  if (CONTROL.test(text))
    throw new Unspeakable('has a line break or a control character, which a kickstart file cannot say');
  if (/^[A-Za-z0-9_.:/@+=,~-]+$/.test(text)) return text;
  return `"${text.replaceAll(/[\\"]/g, '\\$&')}"`;
}

/** One word for any shell. */
function quoteShell(value: unknown): string {
  const text = scalar(value);
  if (text.includes('\0')) throw new Unspeakable('has a NUL, which no shell takes');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** For languages that podboot does not know: only what means itself everywhere. */
function quotePlain(value: unknown): string {
  const text = scalar(value);
  if (!/^[A-Za-z0-9_.:/@+=,%~-]+$/.test(text)) {
    throw new Unspeakable(
      'has characters that may mean something in this file; name the template *.sh, *.yaml, *.ks or *.preseed',
    );
  }
  return text;
}

function scalar(value: unknown): string {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Unspeakable('is no well-formed text');
    return value;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Unspeakable(value === undefined || value === null ? 'has no value' : 'is no single value');
}
