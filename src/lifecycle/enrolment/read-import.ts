import { InvalidInput } from '../../domain/errors.ts';
import type { ColumnMap } from './column-map.ts';
import { decodeText } from './decode-text.ts';
import type { ImportFormat, ImportReading } from './imported-node.ts';
import { parseJson } from './parse-json.ts';
import { readCsv } from './read-csv.ts';
import { isDnsmasq, readDnsmasq } from './read-dnsmasq.ts';
import { type JsonOptions, readJson } from './read-json.ts';
import { isMachines, readMachines } from './read-machines.ts';

export interface ImportOptions extends JsonOptions {
  /** By its content unless told. */
  readonly format?: ImportFormat;
  /** Of a table that has not our column names. */
  readonly map?: ColumnMap;
}

/**
 * A file of nodes in any of the formats.
 *
 * @throws InvalidInput where it can't be read at all; else its problems are in what is returned
 */
export function readImport(bytes: Uint8Array, options: ImportOptions): ImportReading {
  const text = decodeText(bytes);
  if (text.trim() === '') throw refused('The file is empty.', 'Send the list of nodes.');
  const format = options.format ?? formatOf(text);
  if (options.map !== undefined && format !== 'csv') {
    throw refused(`A map of columns is for tables, and this is ${format}.`, 'Leave it out, or say format csv.');
  }
  switch (format) {
    case 'csv':
      return readCsv(text, options.map);
    case 'dnsmasq':
      return readDnsmasq(text);
    case 'json':
      return readJsonOf(text, options, false);
    case 'machines':
      return readJsonOf(text, options, true);
  }
}

/** A document that begins with a bracket is JSON; which one, its members tell. */
function formatOf(text: string): ImportFormat {
  const first = text.trimStart().charAt(0);
  if (first === '{' || first === '[') return isMachines(parseJson(text)) ? 'machines' : 'json';
  return isDnsmasq(text) ? 'dnsmasq' : 'csv';
}

function readJsonOf(text: string, options: ImportOptions, asMachines: boolean): ImportReading {
  const document = parseJson(text);
  if (!asMachines) return readJson(text, document, options);
  if (isMachines(document)) return readMachines(text, document);
  const mend = 'Each member is a machine: {"dgx01": {"mac": "52:54:00:77:00:01", "kernel": …}}.';
  throw refused('This is no machines.json of DGXie.', mend);
}

function refused(message: string, mend: string): InvalidInput {
  return new InvalidInput('The file can’t be read; nothing was changed.', [{ path: '', message, mend, line: 1 }]);
}
