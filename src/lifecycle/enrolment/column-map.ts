import { InvalidInput, type Problem } from '../../domain/errors.ts';
import { shown } from '../node-input.ts';
import { type ColumnTarget, columnTarget, folded, KNOWN_COLUMNS, targetName } from './columns.ts';

/** Whose headings say what: by heading, folded. */
export type ColumnMap = ReadonlyMap<string, { readonly heading: string; readonly target: ColumnTarget }>;

const MAX_ENTRIES = 256;
const EXAMPLE = 'Write it as "Serial Number=serialNumber,MAC1=interfaces.eno1.mac".';

/**
 * Reads `Serial Number=serialNumber,MAC1=interfaces.eno1.mac`, on one line or several; `#` begins a comment line. A heading
 * that holds a comma or an equals sign stands in double quotes.
 *
 * @throws InvalidInput
 */
export function readColumnMap(text: string, where = 'map'): ColumnMap {
  const map = new Map<string, { heading: string; target: ColumnTarget }>();
  const problems: Problem[] = [];
  const targets = new Map<string, string>();
  for (const entry of entriesOf(text)) {
    const [heading, name] = splitEntry(entry);
    const target = name === undefined ? undefined : columnTarget(name);
    if (heading === '' || name === undefined) {
      problems.push({ path: where, message: `“${shown(entry)}” is no column=name.`, mend: EXAMPLE });
    } else if (target === undefined) {
      const message = `“${shown(name)}”, which “${shown(heading)}” is mapped to, is none of our columns.`;
      problems.push({ path: where, message, mend: `There are ${KNOWN_COLUMNS}.` });
    } else if (map.has(folded(heading))) {
      problems.push({ path: where, message: `“${shown(heading)}” is mapped twice.`, mend: 'Keep one of them.' });
    } else if (targets.has(targetName(target))) {
      const other = targets.get(targetName(target)) ?? '';
      const message = `“${shown(heading)}” and “${shown(other)}” are both mapped to ${targetName(target)}.`;
      problems.push({ path: where, message, mend: 'Keep one of them.' });
    } else {
      map.set(folded(heading), { heading, target });
      targets.set(targetName(target), heading);
    }
  }
  if (map.size === 0 && problems.length === 0) {
    problems.push({ path: where, message: 'The map of columns is empty.', mend: EXAMPLE });
  }
  if (map.size > MAX_ENTRIES) {
    problems.push({
      path: where,
      message: `The map has more than ${MAX_ENTRIES} columns.`,
      mend: 'Map what is needed.',
    });
  }
  if (problems.length > 0) throw new InvalidInput('The map of columns can’t be read; nothing was changed.', problems);
  return map;
}

/** Between commas, semicolons and line ends that stand in no quotes. */
function entriesOf(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'));
  const entries = lines.flatMap((line) => line.match(/(?:"(?:[^"]|"")*"|[^,;"])+/g) ?? []);
  return entries.map((entry) => entry.trim()).filter((entry) => entry !== '');
}

function splitEntry(entry: string): [heading: string, name: string | undefined] {
  const [, quoted, name] = /^"((?:[^"]|"")*)"\s*=(.*)$/.exec(entry) ?? [];
  if (quoted !== undefined && name !== undefined) return [quoted.replaceAll('""', '"').trim(), name.trim()];
  const at = entry.lastIndexOf('=');
  return at < 0 ? [entry, undefined] : [entry.slice(0, at).trim(), entry.slice(at + 1).trim()];
}
