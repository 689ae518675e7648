import { createRequire } from 'node:module';
import type { Problem } from '../../domain/errors.ts';
import { MAX_COLUMNS, MAX_ROWS } from './imported-node.ts';

export interface CsvRow {
  /** 1-based line in which it begins. */
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvText {
  readonly rows: readonly CsvRow[];
  readonly problems: readonly Problem[];
  /** What a `# podboot-map:` line at the top says. */
  readonly map?: { readonly text: string; readonly line: number };
}

const DELIMITERS = [',', ';', '\t', '|'] as const;
const MAX_ROW_CHARACTERS = 64 * 1024;
/** After so many broken quotes the rest is not worth telling. */
const MAX_RESTARTS = 20;
const MAP_LINE = /^"?#\s*podboot-map\s*:/i;
const MAX_MAP_CHARACTERS = 8_192;

/**
 * A table's rows, with comma, semicolon, tab or bar between its cells (the heading tells which), and quoted cells
 * (RFC 4180). `sep=;` and lines with `#` may stand before the heading. A row whose quotes are broken is told, and reading
 * goes on in the line after it.
 *
 * @param text with plain line ends
 */
export function readCsvText(text: string): CsvText {
  const lines = text.split('\n');
  let heading = 0;
  let map: CsvText['map'];
  let delimiter: string | undefined;
  for (; heading < lines.length; heading += 1) {
    const line = lines[heading] ?? '';
    const [, separator] = /^sep=(.)$/i.exec(line) ?? [];
    if (separator !== undefined) delimiter = separator;
    else if (/^"?#/.test(line)) map = mapOf(line, heading + 1) ?? map;
    else if (line.trim() !== '') break;
  }
  const unfit = sizeProblem(lines, heading);
  if (unfit !== undefined) return { rows: [], problems: [unfit] };
  const rows: CsvRow[] = [];
  const problems: Problem[] = [];
  const chosen = delimiter ?? delimiterOf(lines[heading] ?? '').delimiter;
  let from = heading;
  for (let restarts = 0; from < lines.length; restarts += 1) {
    const broken = parseFrom(lines, from, chosen, rows);
    if (broken === undefined) break;
    problems.push({ path: '', message: broken.message, mend: broken.mend, line: broken.line });
    if (restarts >= MAX_RESTARTS) {
      const mend = 'Mend these, then try again.';
      problems.push({
        path: '',
        message: 'The rest was not read: too many quotes are broken.',
        mend,
        line: broken.line,
      });
      break;
    }
    from = broken.line;
  }
  return { rows, problems, ...(map === undefined ? {} : { map }) };
}

/** A spreadsheet puts the line into quotes, or separators behind it. */
function mapOf(line: string, number: number): CsvText['map'] {
  const [start] = MAP_LINE.exec(line) ?? [];
  if (start === undefined) return undefined;
  let end = Math.min(line.length, start.length + MAX_MAP_CHARACTERS);
  while (end > start.length && ',;\t|'.includes(line[end - 1] as string)) end -= 1;
  if (start.startsWith('"') && line[end - 1] === '"') end -= 1;
  const text = line.slice(start.length, end).trim();
  return { text: start.startsWith('"') ? text.replaceAll('""', '"') : text, line: number };
}

/** What no list of nodes is like, and would take long to find out cell by cell. */
function sizeProblem(lines: readonly string[], heading: number): Problem | undefined {
  const tooLong = lines.findIndex((line, index) => index >= heading && line.length > MAX_ROW_CHARACTERS);
  if (tooLong >= 0) {
    const message = `The line has more than ${MAX_ROW_CHARACTERS} characters.`;
    return { path: '', message, mend: 'Look whether it is a table, with a row in each line.', line: tooLong + 1 };
  }
  if (delimiterOf(lines[heading] ?? '').columns > MAX_COLUMNS) {
    const mend = 'Leave out the columns that say nothing of nodes.';
    return { path: '', message: `The table has more than ${MAX_COLUMNS} columns.`, mend, line: heading + 1 };
  }
  if (lines.length - heading > MAX_ROWS) {
    const mend = 'Import it in several files.';
    return { path: '', message: `The table has more than ${MAX_ROWS} lines.`, mend, line: heading + MAX_ROWS };
  }
  return undefined;
}

/** The one that the heading has most of, outside of quotes; a table of one column has none of them. */
function delimiterOf(heading: string): { readonly delimiter: string; readonly columns: number } {
  const bare = heading.replaceAll(/"(?:[^"]|"")*"/g, '');
  const counts = DELIMITERS.map((each) => bare.split(each).length);
  const columns = Math.max(...counts);
  return { delimiter: DELIMITERS[counts.indexOf(columns)] ?? ',', columns };
}

interface Broken {
  readonly message: string;
  readonly mend: string;
  readonly line: number;
}

/** Adds rows up to the end, or to the first one that can't be read. */
function parseFrom(lines: readonly string[], from: number, delimiter: string, rows: CsvRow[]): Broken | undefined {
  /** Index of the line behind the last row. */
  let next = from;
  try {
    // Loaded with the first table: few daemons ever see one.
    const { parse }: typeof import('csv-parse/sync') = createRequire(import.meta.url)('csv-parse/sync');
    parse(lines.slice(from).join('\n'), {
      delimiter,
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: MAX_ROW_CHARACTERS,
      // What stands in quotes is meant as it is.
      cast: (value, { quoting }) => (quoting ? value : value.trim()),
      on_record: (cells: string[]) => {
        while ((lines[next] ?? '') === '' && next < lines.length) next += 1;
        rows.push({ line: next + 1, cells });
        next += 1 + cells.reduce((count, cell) => count + newlines(cell), 0);
        return null;
      },
    });
    return undefined;
  } catch (error) {
    while ((lines[next] ?? '') === '' && next < lines.length) next += 1;
    return { ...inWords(error), line: next + 1 };
  }
}

function newlines(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) count += 1;
  return count;
}

function inWords(error: unknown): Pick<Broken, 'message' | 'mend'> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const mend = 'Put the whole cell in double quotes, and each double quote in it twice.';
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return { message: 'A double quote is opened in this row and never closed.', mend };
    case 'CSV_MAX_RECORD_SIZE':
      return { message: `The row has more than ${MAX_ROW_CHARACTERS} characters: a double quote may be open.`, mend };
    case 'INVALID_OPENING_QUOTE':
      return { message: 'A double quote stands in the middle of a cell.', mend };
    case 'CSV_INVALID_CLOSING_QUOTE':
      return { message: 'Something stands behind the double quote that ends a cell.', mend };
    default:
      throw error;
  }
}
