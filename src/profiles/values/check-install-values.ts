import type { Problem } from '../../domain/errors.ts';
import { installSchema } from './install-values.ts';

/** What of JSON Schema the install values use, as data. */
export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly propertyNames?: { readonly pattern?: string };
  readonly additionalProperties?: boolean | ValueSchema;
  readonly items?: ValueSchema;
}

const ROOT: ValueSchema = JSON.parse(JSON.stringify(installSchema));
const PATTERNS = new Map<string, RegExp>();

/**
 * Everything that is wrong with one layer of install values; paths begin with `path`. A key with nothing behind it (null)
 * takes away what the layers below say.
 */
export function installValueProblems(values: unknown, path: string): Problem[] {
  return valueProblems(values, ROOT, path);
}

/** The same for any schema of this form. */
export function valueProblems(value: unknown, schema: ValueSchema, path: string): Problem[] {
  return [...check(value, schema, path, false)];
}

function* check(value: unknown, schema: ValueSchema, path: string, mayBeNull: boolean): Iterable<Problem> {
  if (value === null && mayBeNull) return;
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  if (isSecret(schema) && typeof value === 'string') yield refusal(path, inlineSecret(value), schema);
  else if (!types.some((type) => isOfType(value, type))) {
    yield refusal(path, `must be ${nameOf(schema)}, is ${describe(value)}`, schema);
  } else if (typeof value === 'string') yield* checkText(value, schema, path);
  else if (typeof value === 'number') yield* checkNumber(value, schema, path);
  else if (Array.isArray(value)) yield* checkList(value, schema, path);
  else if (isRecord(value)) yield* checkRecord(value, schema, path);
}

function* checkText(value: string, schema: ValueSchema, path: string): Iterable<Problem> {
  const { minLength = 0, maxLength = Infinity, pattern } = schema;
  if (value.length > maxLength) {
    yield refusal(path, `has ${value.length} characters; at most ${maxLength} are taken`, schema);
  } else if (value.length < minLength) yield refusal(path, 'is empty', schema);
  else if (schema.enum !== undefined && !schema.enum.includes(value)) {
    yield refusal(path, `must be one of ${schema.enum.join(', ')}, is ${describe(value)}`, schema);
  } else if (pattern !== undefined && !patternOf(pattern).test(value)) {
    yield refusal(path, `must be ${nameOf(schema)}, is ${describe(value)}`, schema);
  }
}

function* checkNumber(value: number, schema: ValueSchema, path: string): Iterable<Problem> {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value < minimum || value > maximum) {
    yield refusal(path, `must be from ${minimum} to ${maximum}, is ${value}`, schema);
  }
}

function* checkList(value: readonly unknown[], schema: ValueSchema, path: string): Iterable<Problem> {
  const { maxItems = Infinity } = schema;
  if (value.length > maxItems) {
    yield refusal(path, `has ${value.length} entries; at most ${maxItems} are taken`, schema);
    return;
  }
  for (const [index, item] of value.entries()) yield* check(item, { ...schema.items }, `${path}[${index}]`, false);
}

function* checkRecord(value: Readonly<Record<string, unknown>>, schema: ValueSchema, path: string): Iterable<Problem> {
  const { minProperties = 0, maxProperties = Infinity, properties = {} } = schema;
  const keys = Object.keys(value);
  if (keys.length > maxProperties) {
    yield refusal(path, `has ${keys.length} keys; at most ${maxProperties} may stand here`, schema);
    return;
  }
  if (keys.length < minProperties) yield refusal(path, 'is empty', schema);
  for (const key of schema.required ?? []) {
    if (!Object.hasOwn(value, key)) yield refusal(`${path}.${key}`, 'is missing', { ...properties[key] });
  }
  for (const key of keys) {
    const here = `${path}.${key}`;
    const child = Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
    if (child === true) continue;
    if (typeof child !== 'object') {
      const mend = `There are ${Object.keys(properties).join(', ')}.`;
      yield { path: here, message: `there is no ${JSON.stringify(key)} here`, mend };
    } else if (schema.propertyNames?.pattern !== undefined && !patternOf(schema.propertyNames.pattern).test(key)) {
      yield { path: here, message: 'is no name that a template can use', mend: 'Use letters, digits and _.' };
    } else yield* check(value[key], child, here, true);
  }
}

function refusal(path: string, message: string, schema: ValueSchema): Problem {
  const mend = exampleOf(schema);
  return { path, message, ...(mend === undefined ? {} : { mend }) };
}

function isSecret(schema: ValueSchema): boolean {
  return schema.properties?.credential !== undefined;
}

/** What was written is repeated nowhere. */
function inlineSecret(value: string): string {
  return /^\$[0-9a-z]+\$/.test(value)
    ? 'a hash stands here itself, and the configuration is read by many'
    : 'a secret in plain text stands here';
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    case 'integer':
      return Number.isSafeInteger(value);
    case 'number':
      return Number.isFinite(value);
    default:
      return typeof value === type;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(schema: ValueSchema): string {
  if (schema.title !== undefined) return schema.title;
  switch (schema.type) {
    case 'object':
      return 'keys with their values';
    case 'array':
      return 'a list';
    case 'integer':
      return 'a whole number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a text';
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 64 ? `${value.slice(0, 63)}…` : value);
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'keys with values' : String(value);
}

function exampleOf(schema: ValueSchema): string | undefined {
  const example = /[Ff]or example (.+?)(?:, which.*)?[.]$/.exec(schema.description ?? '')?.[1];
  return example === undefined ? undefined : `Write for example ${example}.`;
}

function patternOf(source: string): RegExp {
  let pattern = PATTERNS.get(source);
  if (pattern === undefined) {
    pattern = new RegExp(source, 'u');
    PATTERNS.set(source, pattern);
  }
  return pattern;
}
