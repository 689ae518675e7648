import type { Problem } from '../../domain/errors.ts';
import { shown } from '../node-input.ts';
import type { ColumnMap } from './column-map.ts';
import { type ColumnTarget, columnTarget, folded, KNOWN_COLUMNS, targetName } from './columns.ts';
import type { CsvRow } from './csv-text.ts';

/** Headings that one message names. */
const MAX_SHOWN = 32;

/** One column that says something of nodes. */
export interface Column {
  readonly index: number;
  readonly heading: string;
  readonly target: ColumnTarget;
}

export interface CsvHeading {
  readonly columns: readonly Column[];
  /** Cells that a row may have. */
  readonly width: number;
  readonly problems: readonly Problem[];
  /** The rows can be read all the same: what is wrong is only a column that nobody knows. */
  readonly isReadable: boolean;
  readonly notes: readonly Problem[];
}

/**
 * Our own column names; or, with a map, the columns that it names: whatever else a shipping list has is left alone.
 */
export function readHeading(row: CsvRow, map: ColumnMap | undefined): CsvHeading {
  const problems: Problem[] = [];
  const unknown: Problem[] = [];
  const columns: Column[] = [];
  const ignored: string[] = [];
  const owners = new Map<string, string>();
  const problemOf = (heading: string, message: string, mend: string): Problem => {
    return { path: '', message, mend, line: row.line, column: heading };
  };
  for (const [index, heading] of row.cells.entries()) {
    const target = map === undefined ? columnTarget(heading) : map.get(folded(heading))?.target;
    if (target === undefined) {
      if (map !== undefined) ignored.push(shown(heading));
      else if (heading !== '') {
        const mend = `Rename it, map it (--map "${shown(heading)}=…"), or take it away. There are ${KNOWN_COLUMNS}.`;
        unknown.push(problemOf(heading, `There is no column “${shown(heading)}”.`, mend));
      }
      continue;
    }
    const owner = owners.get(targetName(target));
    if (owner === undefined) {
      owners.set(targetName(target), heading);
      columns.push({ index, heading, target });
    } else {
      const message = `“${shown(heading)}” and “${shown(owner)}” say the same: ${targetName(target)}.`;
      problems.push(problemOf(heading, message, 'Keep one of the two columns.'));
    }
  }
  const there = new Set(row.cells.map(folded));
  for (const { heading } of map?.values() ?? []) {
    if (there.has(folded(heading))) continue;
    const mend = `The file has ${row.cells.slice(0, MAX_SHOWN).map(shown).join(', ')}.`;
    problems.push(
      problemOf(heading, `The map names a column “${shown(heading)}”, which the file does not have.`, mend),
    );
  }
  if (problems.length === 0) problems.push(...missing(columns, row.line));
  const isReadable = problems.length === 0;
  // Of a table without a heading, every cell of its first row would be told as no column.
  if (columns.length > 0) problems.push(...unknown);
  return { columns, width: row.cells.length, problems, isReadable, notes: ignoredNote(ignored, row.line) };
}

function missing(columns: readonly Column[], line: number): Problem[] {
  const has = (wanted: (target: ColumnTarget) => boolean) => columns.some(({ target }) => wanted(target));
  const known = has((target) => target.kind === 'node' && ['name', 'serialNumber', 'uuid'].includes(target.field));
  const byMac = has((target) => (target.kind === 'row' || target.kind === 'interface') && target.field === 'mac');
  if (known || byMac) return [];
  const mend =
    'The first row names the columns: give it a column name, serialNumber or mac, or map one to it with --map.';
  return [{ path: '', message: 'No column tells which node a row is about.', mend, line }];
}

function ignoredNote(ignored: readonly string[], line: number): Problem[] {
  const named = ignored.filter((heading) => heading !== '');
  if (named.length === 0) return [];
  return [
    { path: '', message: `Columns that are not mapped were not read: ${named.slice(0, MAX_SHOWN).join(', ')}.`, line },
  ];
}
