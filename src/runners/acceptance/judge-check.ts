import type { CheckResult } from '../../domain/hand-off.ts';
import type { RemoteResult } from '../ssh/ssh-client.ts';
import type { Check, Expectation, Reading } from './check-list.ts';

const SHOWN_CHARACTERS = 200;
/** An expression of the operator's never works on more than this of what a node says. */
const MAX_LINE_CHARACTERS = 2_000;
const MAX_LINES = 10_000;

/** What a program's end says of a node. */
export function judgeCheck(check: Check, result: RemoteResult): CheckResult {
  const { name, expect, mend } = check;
  const expected = expectedText(expect);
  const withMend = mend === undefined ? {} : { mend };
  if (isMissing(result)) {
    const found = `${check.argv[0]} is not installed`;
    if (check.whenMissing === 'skip') return { check: name, ok: true, expected, found: `${found}; skipped` };
    return {
      check: name,
      ok: false,
      expected,
      found,
      mend: mend ?? `Install ${check.argv[0]}, or write whenMissing: skip.`,
    };
  }
  if (result.exitCode !== 0 && check.read.kind !== 'exit-code') {
    const found = `it ended with ${result.exitCode}: ${shown(lastLine(result))}`;
    return { check: name, ok: false, expected, found, ...withMend };
  }
  const value = readValue(check.read, result);
  if (value === undefined) {
    const found = `no value in what it said: ${shown(result.stdout)}`;
    return { check: name, ok: false, expected, found, ...withMend };
  }
  const ok = holds(expect, value);
  return { check: name, ok, expected, found: shown(String(value)), ...(ok ? {} : withMend) };
}

/** POSIX shells end with 127 where there is no such program; sudo says so. */
function isMissing({ exitCode, stderr }: RemoteResult): boolean {
  return exitCode === 127 || (exitCode === 1 && /^sudo: .*: command not found$/m.test(stderr));
}

export function readValue(reading: Reading, { stdout, exitCode }: RemoteResult): string | number | undefined {
  switch (reading.kind) {
    case 'text':
      return stdout.trim();
    case 'exit-code':
      return exitCode;
    case 'lines':
      return linesOf(stdout).filter((line) => reading.fitting?.test(line) ?? true).length;
    case 'match':
      return linesOf(stdout)
        .map((line) => reading.pattern.exec(line)?.[1])
        .find((each) => each !== undefined)
        ?.trim();
    case 'smallest': {
      const numbers = linesOf(stdout).flatMap((line) => numberIn(reading.pattern.exec(line)?.[1]) ?? []);
      return numbers.length === 0 ? undefined : numbers.reduce((one, other) => Math.min(one, other));
    }
    case 'json':
      return jsonValue(stdout, reading.path);
  }
}

function linesOf(text: string): string[] {
  return text
    .split('\n', MAX_LINES)
    .map((line) => line.trim().slice(0, MAX_LINE_CHARACTERS))
    .filter((line) => line !== '');
}

function jsonValue(text: string, path: readonly (string | number)[]): string | number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const segment of path) {
    if (Array.isArray(value)) value = segment === 'length' ? value.length : value[Number(segment)];
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, segment)) {
      value = (value as Readonly<Record<string, unknown>>)[segment];
    } else return undefined;
  }
  if (typeof value === 'string' || typeof value === 'number') return value;
  return typeof value === 'boolean' ? String(value) : undefined;
}

export function holds({ equals, atLeast, atMost, oneOf, matches }: Expectation, value: string | number): boolean {
  const number = numberIn(value);
  const isSame = (wanted: string | number) =>
    typeof wanted === 'number' ? number === wanted : String(value) === wanted;
  return (
    (equals === undefined || isSame(equals)) &&
    (atLeast === undefined || (number !== undefined && number >= atLeast)) &&
    (atMost === undefined || (number !== undefined && number <= atMost)) &&
    (oneOf === undefined || oneOf.some(isSame)) &&
    (matches === undefined || matches.test(String(value).slice(0, MAX_LINE_CHARACTERS)))
  );
}

function numberIn(value: string | number | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (value === undefined || !/^\s*-?[0-9]+(?:\.[0-9]+)?\s*$/.test(value)) return undefined;
  return Number(value);
}

export function expectedText({ equals, atLeast, atMost, oneOf, matches }: Expectation): string {
  return [
    ...(equals === undefined ? [] : [String(equals)]),
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
    ...(oneOf === undefined ? [] : [`one of ${oneOf.join(', ')}`]),
    ...(matches === undefined ? [] : [`something like ${matches.source}`]),
  ].join(', ');
}

function lastLine({ stderr, stdout }: RemoteResult): string {
  return linesOf(stderr).at(-1) ?? linesOf(stdout).at(-1) ?? 'it said nothing';
}

/** Bounded, in one line, without control characters: it is shown and kept. */
export function shown(text: string): string {
  const line = text
    .slice(0, 4 * SHOWN_CHARACTERS)
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS - 1)}…` : line;
}
