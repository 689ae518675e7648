import type { Problem } from '../../domain/errors.ts';
import { shown } from '../node-input.ts';
import { type ColumnMap, readColumnMap } from './column-map.ts';
import { readHeading } from './csv-heading.ts';
import { CsvNodes } from './csv-nodes.ts';
import { readCsvText } from './csv-text.ts';
import { type ImportReading, MAX_NODES, MAX_PROBLEMS } from './imported-node.ts';

/**
 * A table of nodes: one row a node with a column for each part of its interfaces (`interfaces.eno1.mac`), or one row an
 * interface (`interface`, `role`, `mac`, …), which the name of the node joins. A column that is there says what the field
 * is, and an empty cell that it has none; what no column says stays as it is.
 *
 * @param text with plain line ends
 * @param map overrides the one in the file (`# podboot-map: …`)
 * @throws InvalidInput where the map in the file can't be read
 */
export function readCsv(text: string, map?: ColumnMap): ImportReading {
  const { rows, problems: broken, map: stored } = readCsvText(text);
  const [first, ...rest] = rows;
  const problems: Problem[] = [...broken];
  if (first === undefined) {
    if (broken.length === 0) problems.push(noRows(1));
    return { format: 'csv', nodes: [], problems, notes: [] };
  }
  const fromFile = map === undefined && stored !== undefined ? readColumnMap(stored.text, `line ${stored.line}`) : map;
  const heading = readHeading(first, fromFile);
  problems.push(...heading.problems);
  // Under a heading that was misread, every row would be told as wrong.
  if (!heading.isReadable) return { format: 'csv', nodes: [], problems, notes: heading.notes };
  const nodes = new CsvNodes(heading.columns, problems);
  for (const row of rest) {
    if (row.cells.every((cell) => cell === '')) continue;
    if (problems.length >= MAX_PROBLEMS) break;
    const beyond = row.cells.slice(heading.width).find((cell) => cell !== '');
    if (beyond !== undefined) {
      const message = `The row has ${row.cells.length} cells, and the heading ${heading.width}: “${shown(beyond)}” is in no column.`;
      const mend = 'Put a cell that holds the separator in double quotes, or add the heading.';
      problems.push({ path: '', message, mend, line: row.line });
    } else nodes.add(row);
    if (nodes.size > MAX_NODES) {
      const mend = 'Import them in several files.';
      problems.push({
        path: '',
        message: `The file has more than ${MAX_NODES} nodes.`,
        mend,
        line: row.line,
      });
      break;
    }
  }
  if (nodes.size === 0 && problems.length === 0) problems.push(noRows(first.line));
  return { format: 'csv', nodes: nodes.all(), problems, notes: heading.notes };
}

function noRows(line: number): Problem {
  const mend = 'Write a heading, as name,mac,address, and a row for each node below it.';
  return { path: '', message: 'The file has no rows of nodes.', mend, line };
}
