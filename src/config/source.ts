import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from 'yaml';
import type { Problem } from '../domain/errors.ts';
import { type ConfigPath, type Finding, formatPath } from './config-path.ts';
import { type SyntaxFinding, syntaxFindings } from './yaml-syntax.ts';

/** An alias may stand for a large value: more of them than any configuration needs are an attack or an accident. */
const MAX_ALIASES = 100;

/** podboot.yaml as it was written: its value, and where each part of it stands. */
export interface ConfigSource {
  /** undefined where the syntax is too broken to go on. */
  readonly value: unknown;
  readonly syntax: readonly SyntaxFinding[];
  /** 1-based line of the value at `path`, or of its key; of the nearest thing above it where it is absent. */
  lineOf(path: ConfigPath, atKey?: boolean): number | undefined;
}

export function readSource(text: string): ConfigSource {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const document = Array.isArray(documents) ? documents[0] : undefined;
  if (document === undefined) return { value: null, syntax: [], lineOf: () => undefined };
  const extra = Array.isArray(documents) ? documents[1] : undefined;
  const syntax = syntaxFindings(document, lines);
  if (extra !== undefined) {
    syntax.push({
      fatal: true,
      line: lines.linePos(extra.range[0]).line,
      message: 'a second document begins here',
      mend: 'Remove the line `---`: podboot.yaml is one document.',
    });
  }
  if (syntax.some((finding) => finding.fatal)) return { value: undefined, syntax, lineOf: () => undefined };
  const value = toValue(document);
  if (value === TOO_MANY_ALIASES) {
    const finding = {
      fatal: true,
      line: 1,
      message: 'aliases (`*name`) multiply the file beyond reason',
      mend: 'Write the values out.',
    };
    return { value: undefined, syntax: [...syntax, finding], lineOf: () => undefined };
  }
  return {
    value,
    syntax,
    lineOf: (path, atKey = false) => {
      const offset = locate(document, path, atKey);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

const TOO_MANY_ALIASES = Symbol('too many aliases');

function toValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    // The parser's guard against a "billion laughs" file; every other error was found before.
    if (error instanceof ReferenceError) return TOO_MANY_ALIASES;
    throw error;
  }
}

function locate(document: Document, path: ConfigPath, atKey: boolean): number | undefined {
  let node: unknown = document.contents;
  let found = isNode(node) ? node.range?.[0] : undefined;
  path.every((segment, index) => {
    const container = resolved(document, node);
    if (isSeq(container)) {
      node = container.items[Number(segment)];
      found = startOf(node) ?? found;
      return isNode(node);
    }
    if (!isMap(container)) return false;
    const pair = container.items.find(({ key }) => keyText(key) === String(segment));
    if (pair === undefined) return false;
    node = pair.value;
    const key = startOf(pair.key);
    const last = index === path.length - 1;
    found = last && !atKey && isScalar(node) && node.source !== '' ? (startOf(node) ?? key) : (key ?? found);
    return true;
  });
  return found;
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key);
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

/** The finding as people see it. */
export function toProblem(source: ConfigSource, finding: Finding): Problem {
  const line = source.lineOf(finding.path, finding.atKey);
  return {
    path: formatPath(finding.path),
    message: finding.message,
    ...(finding.mend === undefined ? {} : { mend: finding.mend }),
    ...(line === undefined ? {} : { line }),
  };
}
