import Type, { type Static, type TProperties, type TSchema, type TUnsafe } from 'typebox';
import type { Notation } from './notation.ts';

export interface LeafExtras {
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

/** Notations by the title that their schemas carry, so that an error finds the words for what was expected. */
const byTitle = new Map<string, Notation<unknown>>();

export function notationOf(schema: object): Notation<unknown> | undefined {
  return 'title' in schema && typeof schema.title === 'string' ? byTitle.get(schema.title) : undefined;
}

/** A value in one of the notations. */
export function written<T>(notation: Notation<T>, description: string, extras: LeafExtras = {}): TUnsafe<string> {
  byTitle.set(notation.title, notation);
  return Type.Unsafe<string>(leafSchema(notation, ['string'], description, extras));
}

/** A value in a notation that may also be a plain whole number: seconds, bytes. */
export function measured<T>(
  notation: Notation<T>,
  description: string,
  extras: LeafExtras = {},
): TUnsafe<string | number> {
  byTitle.set(notation.title, notation);
  return Type.Unsafe<string | number>({
    ...leafSchema(notation, ['string', 'integer'], description, extras),
    minimum: 0,
  });
}

function leafSchema(notation: Notation<unknown>, types: string[], description: string, extras: LeafExtras): TSchema {
  return {
    type: types.length === 1 ? types[0] : types,
    title: notation.title,
    pattern: notation.pattern,
    description,
    examples: [notation.example],
    ...extras,
  };
}

export function oneOf<const V extends readonly string[]>(
  values: V,
  description: string,
  extras: LeafExtras = {},
): TUnsafe<V[number]> {
  return Type.Unsafe<V[number]>({ type: 'string', enum: [...values], description, ...extras });
}

export function wholeNumber(range: { minimum: number; maximum: number }, description: string, extras: LeafExtras = {}) {
  return Type.Integer({ ...range, description, ...extras });
}

export function flag(description: string, extras: LeafExtras = {}) {
  return Type.Boolean({ description, ...extras });
}

/** An object whose keys are the operator's own names. */
export function named<K, V extends TSchema>(
  keys: Notation<K>,
  keyDescription: string,
  value: V,
  description: string,
): TUnsafe<Record<string, Static<V>>> {
  byTitle.set(keys.title, keys);
  return Type.Unsafe<Record<string, Static<V>>>({
    type: 'object',
    description,
    propertyNames: { title: keys.title, description: keyDescription, examples: [keys.example] },
    additionalProperties: value,
  });
}

/** A section with the keys that are listed and no others. */
export function section<P extends TProperties>(properties: P, description: string) {
  return Type.Object(properties, { description, additionalProperties: false });
}
