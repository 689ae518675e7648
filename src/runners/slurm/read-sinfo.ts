import type { SlurmNode } from '../../domain/schedulers.ts';
import { readState, withoutSignature } from './slurm-state.ts';

const MAX_REASON_CHARACTERS = 200;

/** For `sinfo -N -h -o`: where there is no JSON, or one that is not understood. Names have no |; the reason comes last. */
export const SINFO_FORMAT = '%N|%T|%G|%u|%E';

export function readSinfoText(text: string): SlurmNode[] {
  const nodes = new Map<string, SlurmNode>();
  for (const line of text.split('\n')) {
    const [name = '', state = '', gres = '', by = '', ...reason] = line.trim().split('|');
    if (name === '' || state === '') continue;
    // A line for each partition of the node: they say the same.
    nodes.set(name, slurmNode(name, [state], gres, reason.join('|'), by));
  }
  return [...nodes.values()];
}

/**
 * `sinfo --json` and `scontrol show node --json` as they have been since 21.08:
 * - `{nodes: [{name, state: 'idle', state_flags: ['DRAIN'], reason, gres}]}` (21.08, 22.05)
 * - the same with `state: ['IDLE', 'DRAIN']` (scontrol of 23.02 and later)
 * - `{sinfo: [{nodes: {nodes: ['dgx01']}, node: {state: ['IDLE']}, reason: {description}, gres: {total}}]}` (sinfo of 23.02 and later)
 * @returns undefined where it is none of them
 */
export function readSinfoJson(text: string): SlurmNode[] | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const records = [parsed.nodes, parsed.sinfo].find(Array.isArray);
  if (records === undefined) return undefined;
  const nodes = new Map<string, SlurmNode>();
  for (const record of records as unknown[]) {
    if (!isRecord(record)) return undefined;
    const names = namesIn(record);
    const states = [record.state, isRecord(record.node) ? record.node.state : undefined, record.state_flags].flatMap(
      words,
    );
    // A shape of a later version: better to ask for text than to take it for a node without a state.
    if (names === undefined || states.length === 0) return undefined;
    for (const name of names) {
      const reason = isRecord(record.reason) ? record.reason.description : record.reason;
      const by = isRecord(record.reason) ? record.reason.user : record.reason_set_by_user;
      const gres = isRecord(record.gres) ? record.gres.total : record.gres;
      nodes.set(name, slurmNode(name, states, plainText(gres), plainText(reason), plainText(by)));
    }
  }
  return [...nodes.values()];
}

function namesIn(record: Readonly<Record<string, unknown>>): string[] | undefined {
  if (typeof record.name === 'string') return [record.name];
  const names = isRecord(record.nodes) ? record.nodes.nodes : record.nodes;
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
}

function slurmNode(name: string, states: readonly string[], gres: string, reason: string, by: string): SlurmNode {
  const told = withoutSignature(reason).slice(0, MAX_REASON_CHARACTERS);
  return {
    name,
    ...readState(states),
    ...(isNothing(told) ? {} : { reason: told }),
    ...(isNothing(told) || isNothing(by) ? {} : { reasonBy: by }),
    ...(isNothing(gres) ? {} : { gres }),
  };
}

function isNothing(text: string): boolean {
  return ['', 'none', '(null)', 'n/a', 'unknown'].includes(text.trim().toLowerCase());
}

function words(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((each): each is string => typeof each === 'string' && each !== '');
}

function plainText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
