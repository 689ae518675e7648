export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

/** Redfish resources have five levels or so. */
const MAX_DEPTH = 32;

/** @throws SyntaxError for what is not JSON, is no object, or is nested without end */
export function readJsonObject(text: string): JsonObject {
  if (depthOf(text) > MAX_DEPTH) throw new SyntaxError(`it is nested deeper than ${MAX_DEPTH} levels`);
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new SyntaxError('it is no JSON object');
  return value;
}

export function objectAt(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = ownValue(object, name);
  return isObject(value) ? value : undefined;
}

export function listAt(object: JsonObject | undefined, name: string): readonly Json[] {
  const value = ownValue(object, name);
  return Array.isArray(value) ? value : [];
}

export function objectsAt(object: JsonObject | undefined, name: string): readonly JsonObject[] {
  return listAt(object, name).filter(isObject);
}

/** Undefined for an empty one too: BMCs fill what they do not know with it. */
export function textAt(object: JsonObject | undefined, name: string): string | undefined {
  const value = ownValue(object, name);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

export function textsAt(object: JsonObject | undefined, name: string): readonly string[] | undefined {
  const value = ownValue(object, name);
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : undefined;
}

export function numberAt(object: JsonObject | undefined, name: string): number | undefined {
  const value = ownValue(object, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The `@odata.id` of a reference, which is how Redfish links (DSP0266 section 9.6). */
export function linkAt(object: JsonObject | undefined, name: string): string | undefined {
  return textAt(objectAt(object, name), '@odata.id');
}

function ownValue(object: JsonObject | undefined, name: string): Json | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (isQuoted) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) isQuoted = false;
    } else if (character === 0x22) isQuoted = true;
    else if (character === 0x7b || character === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x7d || character === 0x5d) depth -= 1;
  }
  return deepest;
}
