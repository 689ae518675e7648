// Not by typebox/value, which does the same and loads a hundred modules more.
import { Errors } from 'typebox/schema';
import { Settings } from 'typebox/system';
import { atKey, type ConfigPath, childOf, type Finding, fault, valueAt } from './config-path.ts';
import { describeValue, readNotation } from './notation.ts';
import { podbootSchema } from './schema.ts';
import { notationOf } from './schema-leaves.ts';
import { rootNode, type SchemaNode, schemaAt } from './schema-walk.ts';
import { didYouMean, nearest } from './suggest.ts';
import { refuseUnknownKey } from './unknown-keys.ts';

/** TypeBox stops at eight; a file of 4,000 reservations with one mistake in each shall hear of them all. */
const MAX_ERRORS = 20_000;

interface RawError {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
}

export interface SchemaVerdict {
  readonly findings: readonly Finding[];
  /** What is wrong, also where one finding speaks for two: the value can't be used with it. */
  readonly refused: readonly ConfigPath[];
}

/** All that the schema has against the value, in sentences. */
export function schemaVerdict(value: unknown): SchemaVerdict {
  const findings: Finding[] = [];
  const refused: ConfigPath[] = [];
  const told = new Set<string>();
  for (const error of rawErrors(value)) {
    const path = pathOf(error.instancePath, value);
    const node = schemaAt(rootNode, path);
    if (node === undefined) continue;
    if (error.keyword === 'required') {
      const missing = missingKeys(path, node, error.params);
      refused.push(...missing.map((finding) => finding.path));
      findings.push(
        ...missing.filter((finding) => !isMisspelt(String(finding.path.at(-1)), valueAt(value, path), node)),
      );
    } else if (error.keyword === 'additionalProperties') findings.push(...unknownKeys(path, node, error.params));
    // The others say one thing in several ways: what the value is not.
    else if (!told.has(error.instancePath)) {
      told.add(error.instancePath);
      findings.push(wrongValue(path, node, valueAt(value, path)));
    }
  }
  return { findings, refused: [...refused, ...findings.map((finding) => finding.path)] };
}

/** `naem` without `name` is one mistake: the unknown key tells it. */
function isMisspelt(missing: string, value: unknown, node: SchemaNode): boolean {
  const known = Object.keys(node.properties ?? {});
  const unknown = Object.keys(value ?? {}).filter((key) => !known.includes(key));
  return unknown.some((key) => nearest(key, known).includes(missing));
}

/** The limit is the process's; it is put back before anything else can run. */
function rawErrors(value: unknown): readonly RawError[] {
  const { maxErrors } = Settings.Get();
  Settings.Set({ maxErrors: MAX_ERRORS });
  try {
    return Errors(podbootSchema, value)[1];
  } finally {
    Settings.Set({ maxErrors });
  }
}

/** A JSON pointer as a path; numbers are positions where the value has a list. */
function pathOf(pointer: string, root: unknown): ConfigPath {
  const path: (string | number)[] = [];
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const segment = Array.isArray(value) ? Number(key) : key;
    path.push(segment);
    value = childOf(value, segment);
  }
  return path;
}

function missingKeys(path: ConfigPath, node: SchemaNode, params: object): Finding[] {
  const missing = 'requiredProperties' in params ? (params.requiredProperties as readonly string[]) : [];
  return missing.map((key) => {
    const child = node.properties?.[key];
    return fault([...path, key], 'is missing', child?.description);
  });
}

/** A failing value of an object with free keys is reported by itself; only closed objects have unknown keys. */
function unknownKeys(path: ConfigPath, node: SchemaNode, params: object): Finding[] {
  if (node.additionalProperties !== false) return [];
  const keys = 'additionalProperties' in params ? (params.additionalProperties as readonly string[]) : [];
  return keys.map((key) => {
    const { message, mend } = refuseUnknownKey(key, node);
    return atKey(fault([...path, key], message, mend));
  });
}

function wrongValue(path: ConfigPath, node: SchemaNode, value: unknown): Finding {
  const notation = notationOf(node);
  if (value === null) return fault(path, 'has nothing behind it', emptyMend(node));
  if (notation !== undefined) {
    const read = readNotation(notation, value);
    return fault(
      path,
      read.message ?? `must be ${notation.title}, is ${describeValue(value)}`,
      'mend' in read ? read.mend : undefined,
    );
  }
  const { expected, mend } = expectation(node, value);
  return fault(path, `${expected}, is ${describeValue(value)}`, mend);
}

function emptyMend(node: SchemaNode): string {
  const example = /[Ff]or example (.+)\.$/.exec(node.description ?? '')?.[1];
  return example === undefined ? 'Remove the key.' : `Remove the key, or write for example ${example}.`;
}

interface Expectation {
  readonly expected: string;
  readonly mend?: string | undefined;
}

function expectation(node: SchemaNode, value: unknown): Expectation {
  if (node.enum !== undefined) return oneOfExpectation(node.enum.map(String), value);
  switch (node.type) {
    case 'boolean':
      return { expected: 'must be true or false', mend: booleanMend(value) };
    case 'integer':
      return {
        expected: `must be a whole number from ${node.minimum} to ${node.maximum}`,
        mend: typeof value === 'string' && /^[0-9]+$/.test(value) ? `Write it without quotes: ${value}` : undefined,
      };
    case 'array':
      return arrayExpectation(node, value);
    case 'object':
      return {
        expected: 'must be keys with their values',
        mend: Array.isArray(value) ? 'Remove the hyphens or brackets: write `key: value`.' : emptyMend(node),
      };
    default:
      return textExpectation(node, value);
  }
}

function oneOfExpectation(allowed: readonly string[], value: unknown): Expectation {
  const expected = `must be one of ${allowed.join(', ')}`;
  if (typeof value === 'boolean') {
    const meant = value ? undefined : allowed.find((word) => word === 'off');
    return { expected, mend: meant === undefined ? undefined : `Write ${meant}.` };
  }
  return { expected, mend: typeof value === 'string' ? didYouMean(value, allowed) : undefined };
}

/** YAML 1.1's yes and no are plain words in YAML 1.2. */
function booleanMend(value: unknown): string | undefined {
  if (typeof value === 'number') return value === 0 ? 'Write false.' : 'Write true.';
  if (typeof value !== 'string') return undefined;
  if (/^(yes|y|on|true|enabled?)$/i.test(value)) return 'Write true, without quotes.';
  return /^(no|n|off|false|disabled?)$/i.test(value) ? 'Write false, without quotes.' : undefined;
}

function arrayExpectation(node: SchemaNode, value: unknown): Expectation {
  if (Array.isArray(value)) {
    const many = node.minItems !== undefined && value.length < node.minItems;
    return {
      expected: many ? `must have at least ${node.minItems} entry` : `must have at most ${node.maxItems} entries`,
      mend: emptyMend(node),
    };
  }
  const plain = typeof value === 'string' || typeof value === 'number';
  return { expected: 'must be a list', mend: plain ? `Write it in brackets: [${value}]` : emptyMend(node) };
}

function textExpectation(node: SchemaNode, value: unknown): Expectation {
  if (typeof value === 'string' && node.maxLength !== undefined && value.length > node.maxLength) {
    return { expected: `must have at most ${node.maxLength} characters` };
  }
  const example = node.examples?.[0] === undefined ? '' : ` such as ${node.examples[0]}`;
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  return { expected: `must be ${node.title ?? 'a text'}${example}`, mend: scalar ? `Quote it: "${value}"` : undefined };
}
