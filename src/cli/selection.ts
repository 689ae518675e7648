import type { Command } from 'commander';
import { InvalidInput } from '../domain/errors.ts';
import { collectPair } from './node-options.ts';

export interface Selection {
  readonly where?: readonly (readonly [key: string, value: string])[];
}

const KEYS = ['rack', 'role', 'group', 'label'];

/** For commands that take many nodes. */
export function withSelection(command: Command): Command {
  return command.option(
    '--where <key=value>',
    `only nodes that are like this (${KEYS.join(', ')}, as --where label=row=a); may be repeated`,
    collectPair,
  );
}

/** Whether many nodes are meant, and not one. */
export function isSelection(named: string | undefined, { where }: Selection): boolean {
  return where !== undefined || named === undefined || /[[\],*?\s]/.test(named);
}

/** As GET /nodes takes it. @throws InvalidInput */
export function selectionQuery(named: string | undefined, { where = [] }: Selection): URLSearchParams {
  const query = new URLSearchParams(named === undefined ? {} : { name: named });
  for (const [key, value] of where) {
    if (!KEYS.includes(key)) throw new InvalidInput(`--where has no ${key}`, [], `There are ${KEYS.join(', ')}.`);
    query.append(key, value);
  }
  return query;
}
